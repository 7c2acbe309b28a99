namespace Mhc.Onnx;

/// <summary>A matrix of weights (out, in) as the graph holds it. What reads it in several ways shares its bytes.</summary>
internal interface IMatrix
{
    /// <summary>x · weightᵀ + bias, in the type of x.</summary>
    Value Linear(Value x, Value? bias);

    /// <summary>The rows of these numbers, in float32.</summary>
    Value Rows(Value numbers, string name);
}
