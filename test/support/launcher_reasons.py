"""The reasons that the launcher can name, read from its sources: {"ends": {reason: [class, ...]}, "conditions": {type: [reason, ...]}}.

A reason must stand where it is used, as text or as a choice between texts; anything else ends this with an error.
"""

import ast
import json
import pathlib
import sys

CLASS_OF = {"Fault": "Infrastructure", "SpecFault": "Spec"}
# These hand on what they are given.
GO_BETWEENS = ("failed", "faulted")


def texts(node, names):
    """Every text that the expression can be; None where that cannot be seen."""
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.IfExp):
        either = [texts(node.body, names), texts(node.orelse, names)]
        return None if None in either else sum(either, [])
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return names.get(node.value.id)
    return None


def constants(trees):
    """Texts by the name of the module-level constant that has them: `A = "x"`, `A, B = "x", "y"`, `A = {1: "x", 2: "y"}`."""
    found = {}
    for tree in trees:
        for node in tree.body:
            if not isinstance(node, ast.Assign):
                continue
            target, value = node.targets[0], node.value
            pairs = zip(target.elts, value.elts) if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) else [(target, value)]
            for name, item in pairs:
                items = item.values if isinstance(item, ast.Dict) else [item]
                if isinstance(name, ast.Name) and items and all(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in items):
                    found[name.id] = [each.value for each in items]
    return found


def calls(node, inside=""):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and inside not in GO_BETWEENS:
            yield child
        yield from calls(child, child.name if isinstance(child, ast.FunctionDef) else inside)


def argument(call, index, keyword):
    named = [each.value for each in call.keywords if each.arg == keyword]
    return named[0] if named else call.args[index] if len(call.args) > index else None


def named_by(call, names):
    """(kind, what, reasons) of a call that names a reason."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", None)
    if isinstance(call.func, ast.Attribute):
        owner = call.func.value
        if name == "add" and "conditions" in (getattr(owner, "id", None), getattr(owner, "attr", None)):
            return "conditions", texts(call.args[0], names), texts(call.args[1], names)
    elif name in CLASS_OF:
        return "ends", [CLASS_OF[name]], texts(argument(call, 0, "reason"), names)
    elif name == "failed":
        reason = argument(call, 2, "reason")
        return "ends", ["Flow"], ["FlowFailed"] if reason is None else texts(reason, names)
    elif name == "Outcome":
        return "ends", texts(argument(call, 2, "kind"), names), texts(argument(call, 3, "reason"), names)
    return None


def aliases(tree):
    """Uses of the fault classes under another name, of which no reason would be seen."""
    allowed = {id(call.func) for call in ast.walk(tree) if isinstance(call, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            allowed |= {id(base) for base in node.bases}
        elif isinstance(node, ast.ExceptHandler) and node.type:
            allowed |= {id(each) for each in ast.walk(node.type)}
        elif isinstance(node, ast.Attribute):
            allowed.add(id(node.value))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", None) == "isinstance":
            allowed |= {id(each) for each in ast.walk(node.args[1])}
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in CLASS_OF and id(node) not in allowed]


def main(directory):
    paths = [path for path in sorted(pathlib.Path(directory).glob("*.py")) if not path.name.startswith(("test_", "conftest"))]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    names = constants(trees.values())
    found = {"ends": {}, "conditions": {}}
    for path, tree in trees.items():
        for node in aliases(tree):
            sys.exit("%s:%d: a fault under another name" % (path.name, node.lineno))
        for call in calls(tree):
            kind, whats, reasons = named_by(call, names) or (None, [], [])
            if whats is None or reasons is None:
                sys.exit("%s:%d: the reason does not stand here as text" % (path.name, call.lineno))
            for what in whats:
                for reason in reasons:
                    key, value = (reason, what) if kind == "ends" else (what, reason)
                    known = found[kind].setdefault(key, [])
                    if value not in known:
                        known.append(value)
    print(json.dumps(found))


main(sys.argv[1])
