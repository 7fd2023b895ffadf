"""YAML as JSON would have it, with the line of every key.

SPDX-License-Identifier: MPL-2.0
"""
import yaml


class Map(dict):
    """A YAML mapping that knows where it and its keys stand."""
    file, line = "?", 0

    def where(self, key=None):
        return self.file, self.key_lines.get(key, self.line)


class ContractError(Exception):
    """The contract cannot be read at all."""


def load_yaml(path, shown):
    """Reads a YAML file as JSON would have it: dates stay text, keys are text, a key stands once."""
    def build(node):
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            if node.tag == "tag:yaml.org,2002:timestamp":
                return node.value
            return constructor.construct_object(node)
        if isinstance(node, yaml.SequenceNode):
            return [build(child) for child in node.value]
        result = Map()
        result.file, result.line, result.key_lines = shown, line, {}
        for key_node, value_node in node.value:
            key = key_node.value
            if key in result:
                raise ContractError(f"{shown}:{key_node.start_mark.line + 1}: {key} stands twice")
            result.key_lines[key] = key_node.start_mark.line + 1
            result[key] = build(value_node)
        return result
    try:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        constructor = yaml.constructor.SafeConstructor()
        return Map() if root is None else build(root)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        raise ContractError(f"{shown}:{mark.line + 1 if mark else 1}: {reason}") from error
    except OSError as error:
        raise ContractError(f"{shown}:1: {error.strerror}") from error
