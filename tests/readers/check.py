"""Checks exported models with the checker of the ONNX project: the format, the operators, and the type and shape of every value.

python3 check.py M.onnx ...   exits with 0 and prints "ok", or with the checker's complaint
"""
import sys

import onnx

for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    # Every operator's shape is inferred anew, and must be the one that the file tells.
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    told = {value.name for value in model.graph.value_info}
    untold = [value.name for value in inferred.graph.value_info if value.name not in told]
    if untold:
        sys.exit(f"{path}: no type and shape is told of {', '.join(untold)}")
print("ok")
