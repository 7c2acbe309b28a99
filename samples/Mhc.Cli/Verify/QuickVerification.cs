using Mhc.Onnx;
using Mhc.Training;

namespace Mhc.Cli.Verify;

/// <summary>
/// What `mhc export` does with a model that it has just written: the output alone, on a few random tokens, beside the double-precision
/// reference where that takes about a second or less, beside TorchSharp where the model is larger, not at all where it is very large.
/// </summary>
internal static class QuickVerification
{
    private const int Tokens = 16, FewestTokens = 4;

    // A multiplication and an addition a parameter and token.
    private const double ProductsInASecond = 2e8;

    // Beyond this the weights, twice in memory, would take more of it than the export does.
    private const long MostParameters = 100_000_000;

    /// <returns>What was compared, and how far apart it is; or that nothing was.</returns>
    /// <exception cref="InvalidDataException">The model does not compute what the checkpoint does.</exception>
    public static string Run(string checkpoint, string model)
    {
        Checkpoint weights = Checkpoint.Open(checkpoint);
        long parameters = Cli.Run.ParameterCountOf(weights);
        if (parameters > MostParameters)
            return $"Not verified: with {parameters:n0} parameters that takes several times the memory of the export. Run `mhc verify`.";
        using Verifier verifier = Verifier.Open(checkpoint, model);
        MhcConfig config = MhcConfig.Read(Path.Combine(checkpoint, "config.json"));
        double count = Math.Min(Tokens, ProductsInASecond / parameters);
        bool isSmall = count >= FewestTokens;
        TestTokens tokens = TestTokens.Random(isSmall ? (int)count : Tokens, config);
        Comparison comparison = isSmall ? BesideReference(verifier, weights, tokens) : BesideTorch(verifier, checkpoint, tokens);
        verifier.ThrowIfApart([comparison]);
        return $"Verified on {tokens.Sequences.Sum(sequence => sequence.Length)} random tokens: {verifier.Describe([comparison])}"
            + (isSmall ? "" : " The double-precision reference would take long: `mhc verify` compares with it.");
    }

    private static Comparison BesideReference(Verifier verifier, Checkpoint weights, TestTokens tokens)
    {
        var reference = new ReferenceModel(weights);
        return verifier.CompareOutput(
            tokens, Witnesses.Reference, [.. Witnesses.Traces(reference, tokens.Sequences).Select(trace => trace.Logits)]);
    }

    private static Comparison BesideTorch(Verifier verifier, string checkpoint, TestTokens tokens)
    {
        using MhcModel torch = MhcModel.Load(checkpoint);
        return verifier.CompareOutput(tokens, Witnesses.Torch, Witnesses.TorchLogits(torch, tokens.Sequences));
    }
}
