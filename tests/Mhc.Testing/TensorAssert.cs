using Xunit;

namespace Mhc.Testing;

/// <summary>A tensor of a fixture: its shape and its elements in row-major order.</summary>
public sealed record FixtureTensor(long[] Shape, double[] Values);

/// <summary>Comparisons that say where two tensors part.</summary>
public static class TensorAssert
{
    /// <summary>Asserts the shape, then every element within an absolute tolerance. Reports the worst element.</summary>
    /// <param name="relevant">Tells which elements count; all where it is null.</param>
    public static void Close(string name, FixtureTensor expected, ReadOnlySpan<long> shape, ReadOnlySpan<double> actual, double tolerance,
        Func<int, bool>? relevant = null)
    {
        Assert.True(expected.Shape.AsSpan().SequenceEqual(shape),
            $"{name}: shape is [{string.Join(", ", shape.ToArray())}], expected [{string.Join(", ", expected.Shape)}].");
        Close(name, expected.Values, actual, tolerance, relevant);
    }

    public static void Close(string name, ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance,
        Func<int, bool>? relevant = null)
    {
        Assert.True(expected.Length == actual.Length, $"{name}: {actual.Length} elements, expected {expected.Length}.");
        int worst = -1;
        double worstDifference = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            // A difference of NaN is the worst there is.
            double difference = Math.Abs(expected[i] - actual[i]);
            if ((relevant is null || relevant(i)) && !(difference <= worstDifference))
                (worst, worstDifference) = (i, difference);
        }
        Assert.True(worst < 0 || worstDifference <= tolerance,
            worst < 0 ? "" : $"{name}: element {worst} of {expected.Length} is {actual[worst]:g9}, expected {expected[worst]:g9}: "
            + $"differs by {worstDifference:g3} ({worstDifference / Math.Max(Math.Abs(expected[worst]), 1e-300):g3} relative), "
            + $"tolerance {tolerance:g3}.");
    }

    /// <summary>Asserts that the root mean square of the difference is within a tolerance, relative to that of what is expected.</summary>
    public static void CloseOnAverage(string name, ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance)
    {
        Assert.True(expected.Length == actual.Length, $"{name}: {actual.Length} elements, expected {expected.Length}.");
        double difference = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += (expected[i] - actual[i]) * (expected[i] - actual[i]);
            size += expected[i] * expected[i];
        }
        double relative = Math.Sqrt(difference / size);
        Assert.True(relative <= tolerance, $"{name}: differs by {relative:g3} of its size on average, tolerance {tolerance:g3}.");
    }

    public static double[] Doubles(ReadOnlySpan<float> values)
    {
        double[] doubles = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
            doubles[i] = values[i];
        return doubles;
    }
}
