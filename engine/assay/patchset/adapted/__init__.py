"""What a candidate did to every place of a kind, and the one more place of another that has the old form.

Who changes what a thing means goes to all places that there are of it: pins the old default at the callers,
takes another test, converts the result, gives each class the new method and each handler the new parameter.
A place that another candidate adds meanwhile was not there to be seen to. A kind is told by its symbol (the
calls of a function), by a base or a set of methods (classes), or by a list of parameters (handlers).
"""
