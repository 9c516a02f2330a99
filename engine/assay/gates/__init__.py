"""One module per gate, all behind one small protocol (`protocol.py`)."""
