using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Files of tests/fixtures/invalid, each named after its defect.</summary>
public class InvalidConfigTests
{
    private const string Remove = "is not a key of this model; remove it or correct its spelling.";

    [Theory]
    [InlineData("config-unknown-key", $"`n_heads` {Remove}")]
    [InlineData("config-missing-key", "`h_res_tau` is missing; expected a number greater than 0.")]
    [InlineData("config-repeated-key", "`n_layer` is there twice.")]
    [InlineData("config-ill-typed-key", "`n_layer` is \"2\"; expected an integer of at least 1.")]
    [InlineData("config-newer-format-version", "the format version is 2; this version of Mhc.Onnx reads 1. Update Mhc.Onnx.")]
    [InlineData("config-no-format-version", "`format_version` is missing; expected an integer of at least 1.")]
    [InlineData("config-key-of-another-mode", $"`h_res_iters` {Remove}", $"`h_res_tau` {Remove}")]
    [InlineData("config-streams-without-mhc", $"`streams` {Remove}")]
    [InlineData("config-heads-do-not-divide-channels", "`n_head` is 6 but `n_embd` 20 is not divisible by it.")]
    [InlineData("config-unknown-residual", "`residual` is \"hc\"; expected \"none\" or \"mhc\".")]
    [InlineData("config-tau-of-zero", "`h_res_tau` is 0; expected a number greater than 0.")]
    [InlineData("config-not-json", "not valid JSON at line 2, byte 17; expected one object.")]
    [InlineData("config-array", "found [1]; expected an object.")]
    [InlineData("config-several-problems",
        "`bias` is \"yes\"; expected true or false.",
        "`dropout` is 1; expected a number of at least 0 and less than 1.",
        "`streams` is 0; expected an integer of at least 1.",
        "`h_res` is \"birkhoff\"; expected \"sinkhorn\" or \"identity\".",
        "`h_post` is 2; expected \"softmax\" or \"sigmoid\".",
        "`init` is missing; expected \"live\" or \"parity\".",
        $"`tau` {Remove}")]
    public void EveryProblemIsTold(string file, params string[] problems)
    {
        string path = Path.Combine(Fixtures.Folder("invalid"), $"{file}.json");

        InvalidDataException e = Assert.Throws<InvalidDataException>(() => MhcConfig.Read(path));

        Assert.Equal(string.Join(Environment.NewLine, problems.Select(problem => $"{path}: {problem}")), e.Message);
    }
}
