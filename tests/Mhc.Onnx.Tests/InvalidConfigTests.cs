using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Files of tests/fixtures/invalid, each named after its defect.</summary>
public class InvalidConfigTests
{
    private static readonly string Folder = Fixtures.Folder("invalid");

    [Theory]
    [InlineData("config-unknown-key", "`n_heads` is not a known key; did you mean `n_head`?")]
    [InlineData("config-missing-key", "`h_res_tau` is missing, expected a number.")]
    [InlineData("config-repeated-key", "`n_layer` is there twice.")]
    [InlineData("config-ill-typed-key", "`n_layer` is \"2\", expected an integer.")]
    [InlineData("config-newer-format-version", "the format version is 2; this version of Mhc.Onnx reads 1. Update Mhc.Onnx.")]
    [InlineData("config-no-format-version", "`format_version` is missing, expected an integer.")]
    [InlineData("config-key-of-another-mode",
        "`h_res_iters` is not used with `h_res` \"identity\": remove it.",
        "`h_res_tau` is not used with `h_res` \"identity\": remove it.")]
    [InlineData("config-streams-without-mhc", "`streams` is not used with `residual` \"none\": remove it.")]
    [InlineData("config-matrix-keys-with-hc",
        "`h_pre` is not used with `residual` \"hc\": remove it.",
        "`init` is not used with `residual` \"hc\": remove it.")]
    [InlineData("config-tau-with-permutation", "`h_res_tau` is not used with `h_res` \"permutation\": remove it.")]
    [InlineData("config-identity-mix-of-identity",
        "`identity_mix` is not used with `h_res` \"identity\": remove it.",
        "`identity_mix_alpha` is not used with `h_res` \"identity\": remove it.")]
    [InlineData("config-heads-do-not-divide-channels", "`n_head` is 6 but `n_embd` 20 is not divisible by it.")]
    [InlineData("config-fracs-do-not-divide-channels", "`fracs` is 3 but `n_embd` 20 is not divisible by it.")]
    [InlineData("config-unknown-residual", "`residual` is \"resnet\", expected \"none\" or \"hc\" or \"mhc\" or \"mhc_dynamic\".")]
    [InlineData("config-unknown-value-residual",
        "`value_residual` is \"tied\", expected \"none\" or \"free\" or \"constrained\".")]
    [InlineData("config-tau-of-zero", "`h_res_tau` is 0, expected a number above 0.")]
    [InlineData("config-two-ns-coeffs", "`ns_coeffs` is [3, -3.2], expected an array of 3 numbers.")]
    [InlineData("config-circulant-beta-of-zero",
        "`circulant_beta` is 0, expected above 0 and at most 4, the number of sublayers.")]
    [InlineData("config-circulant-beta-above-sublayers",
        "`circulant_beta` is 4.5, expected above 0 and at most 4, the number of sublayers.")]
    [InlineData("config-identity-mix-alpha-above-one", "`identity_mix_alpha` is 1.5, expected a number from 0 to 1.")]
    [InlineData("config-permutation-of-six-streams",
        "`streams` is 6, expected at most 5 with `h_res` \"permutation\": there is a logit for each of the S! permutations.")]
    [InlineData("config-kronecker-of-three-streams",
        "`streams` is 3, expected 2, 4, 8 or another power of two with `h_res` \"kronecker\".")]
    [InlineData("config-not-json", "not valid JSON at line 2, byte 17. Expected one JSON object.")]
    [InlineData("config-array", "found a JSON array, expected an object.")]
    [InlineData("config-several-problems",
        "`bias` is \"yes\", expected true or false.",
        "`h_res` is \"birkhoff\", expected \"sinkhorn\" or \"identity\" or \"orthostochastic\" or \"permutation\" or \"kronecker\" or "
            + "\"circulant\".",
        "`h_post` is 2, expected \"softmax\" or \"sigmoid\".",
        "`init` is missing, expected \"live\" or \"parity\".",
        "`streams` is 0, expected at least 1.",
        "`dropout` is 1, expected a number from 0 to below 1.",
        "`temperature` is not a known key: remove it.")]
    public void EveryProblemIsTold(string file, params string[] problems)
    {
        string path = Path.Combine(Folder, $"{file}.json");

        InvalidDataException e = Assert.Throws<InvalidDataException>(() => MhcConfig.Read(path));

        Assert.Equal(string.Join(Environment.NewLine, problems.Select(problem => $"{path}: {problem}")), e.Message);
    }

    public static TheoryData<string> Files => new(Directory.EnumerateFiles(Folder, "config-*.json")
        .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).Except(["config-newer-format-version.json"]));

    /// <summary>The two packages share no code: this keeps their readers from parting.</summary>
    [Theory, MemberData(nameof(Files))]
    public void TrainerTellsTheSameInTheSameWords(string file)
    {
        string path = Path.Combine(Folder, file);

        Assert.Equal(
            Assert.Throws<InvalidDataException>(() => Training.MhcConfig.Read(path)).Message,
            Assert.Throws<InvalidDataException>(() => MhcConfig.Read(path)).Message);
    }
}
