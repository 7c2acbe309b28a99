namespace Mhc.Onnx;

/// <summary>The shape that each operator makes of its operands'; what does not fit is an error that names the module.</summary>
internal sealed partial class GraphBuilder
{
    // Sizes align from the last axis on; a missing axis or a 1 repeats.
    private Dim[] Broadcast(string op, Value a, Value b)
    {
        var shape = new Dim[Math.Max(a.Rank, b.Rank)];
        for (int fromEnd = 1; fromEnd <= shape.Length; fromEnd++)
        {
            Dim left = fromEnd <= a.Rank ? a.Shape[^fromEnd] : 1;
            Dim right = fromEnd <= b.Rank ? b.Shape[^fromEnd] : 1;
            shape[^fromEnd] = right == 1 ? left : right;
            Require(left == right || left == 1 || right == 1, op, a, b);
        }
        return shape;
    }

    private Dim[] Product(Value a, Value b)
    {
        Require(a.Rank >= 2 && b.Rank >= 2 && a.Shape[^1] == b.Shape[^2], "MatMul", a, b);
        Require(b.Rank == 2 || a.Shape.AsSpan(..^2).SequenceEqual(b.Shape.AsSpan(..^2)), "MatMul", a, b);
        return [.. a.Shape[..^1], b.Shape[^1]];
    }

    private Dim[] Linear(Value x, Value weight, Value? bias)
    {
        Require(x.Rank == 2 && weight.Rank == 2 && x.Shape[1] == weight.Shape[1], "Gemm", x, weight);
        Require(bias is null || bias.Shape.AsSpan().SequenceEqual(weight.Shape.AsSpan(..1)), "Gemm", weight, bias!);
        return [x.Shape[0], weight.Shape[0]];
    }

    private Dim[] Normalized(Value x, Value weight, Value? bias)
    {
        Require(weight.Shape.AsSpan().SequenceEqual(x.Shape.AsSpan(^1..)), "LayerNormalization", x, weight);
        Require(bias is null || bias.Shape.SequenceEqual(weight.Shape), "LayerNormalization", weight, bias!);
        return x.Shape;
    }

    private Dim[] Part(Value x, int axis, int parts)
    {
        Require(x.Shape[axis].Size % parts == 0, "Split", x);
        Dim[] shape = [.. x.Shape];
        shape[axis] = (int)(x.Shape[axis].Size / parts);
        return shape;
    }

    private Dim[][] Parts(Value x, int axis, int[] sizes)
    {
        Require(x.Shape[axis].Size == sizes.Sum(), "Split", x);
        return [.. sizes.Select(size => (Dim[])[.. x.Shape[..axis], size, .. x.Shape[(axis + 1)..]])];
    }

    private Dim[] Repeated(Value x, int axis, int count)
    {
        Require(x.Shape[axis] == 1, "Expand", x);
        return [.. x.Shape[..axis], count, .. x.Shape[(axis + 1)..]];
    }

    private Dim[] Joined(Value[] parts, int axis, Dim length)
    {
        Dim[] shape = [.. parts[0].Shape];
        shape[axis] = length;
        foreach (Value part in parts)
        {
            Dim[] aligned = [.. part.Shape];
            aligned[axis] = length;
            Require(aligned.SequenceEqual(shape), "Concat", parts[0], part);
        }
        return shape;
    }

    private void Require(bool fits, string op, params Value[] operands)
    {
        if (!fits)
            throw new InvalidOperationException($"{NodePath(op, null)}: shapes do not fit: {string.Join(" and ", (object[])operands)}.");
    }
}
