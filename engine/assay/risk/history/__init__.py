"""What a repository's own past says: its log as data, facts of files, labels of commits, and a store."""
