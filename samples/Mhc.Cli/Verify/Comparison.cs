namespace Mhc.Cli.Verify;

/// <summary>How far a value of the graph is from what it should be.</summary>
/// <param name="Tokens">What the graph was given: random tokens, or a text.</param>
/// <param name="Value">A sublayer's module path, or an output.</param>
/// <param name="Witness">Whose value it should be.</param>
/// <param name="Largest">The largest of the values that it should be, without their signs.</param>
/// <param name="Difference">The largest difference.</param>
internal sealed record Comparison(string Tokens, string Value, string Witness, double Largest, double Difference)
{
    public static Comparison Of(string tokens, string value, string witness, double[] expected, double[] actual)
    {
        if (expected.Length != actual.Length)
            throw new InvalidDataException($"`{value}` has {actual.Length} numbers, expected {expected.Length}: "
                + "the graph is of another architecture than the checkpoint.");
        double worst = 0, largest = 0;
        foreach ((double should, double does) in expected.Zip(actual))
        {
            // NaN is the worst there is.
            double difference = Math.Abs(should - does);
            worst = difference <= worst ? worst : double.IsNaN(difference) ? double.PositiveInfinity : difference;
            largest = Math.Max(largest, Math.Abs(should));
        }
        return new(tokens, value, witness, largest, worst);
    }

    /// <summary>What rounding makes grows with the numbers that are rounded.</summary>
    public double Allowed(double tolerance) => tolerance * Math.Max(1, Largest);
}
