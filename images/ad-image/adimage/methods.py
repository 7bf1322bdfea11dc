"""The methods that stages of this image know; how one is chosen is the same in all images."""

from modelcalls.methods import BUILTIN, ENDPOINT, ONNX, chosen

__all__ = ["BUILTIN", "ENDPOINT", "ONNX", "chosen"]
