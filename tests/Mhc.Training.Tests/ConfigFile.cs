using Mhc.Testing;

namespace Mhc.Training.Tests;

public class ConfigFile
{
    private const string Valid = """
        { "format_version": 1, "vocab_size": 65, "block_size": 32, "n_layer": 3, "n_head": 4, "n_embd": 32, "bias": false, "dropout": 0.1,
          "residual": "mhc", "streams": 4, "h_res": "sinkhorn", "h_res_iters": 20, "h_res_tau": 1, "h_pre": "softmax", "h_post": "sigmoid",
          "stream_reduce": "sum", "init": "live" }
        """;

    [Fact]
    public void IsReadAndWrittenWithoutLoss()
    {
        MhcConfig config = Read(Valid);

        Assert.Equal(
            new MhcConfig { VocabSize = 65, BlockSize = 32, NLayer = 3, NHead = 4, NEmbd = 32, Dropout = 0.1, HPost = StreamMap.Sigmoid },
            config);
        Assert.Equal(config, Read(config.ToJson()));
    }

    [Theory]
    [InlineData(ResidualMode.None, HResProjection.Sinkhorn, 9)]
    [InlineData(ResidualMode.Mhc, HResProjection.Identity, 15)]
    [InlineData(ResidualMode.Mhc, HResProjection.Sinkhorn, 17)]
    public void HoldsJustTheKeysOfItsMode(ResidualMode residual, HResProjection hRes, int keys)
    {
        string json = (Read(Valid) with { Residual = residual, HRes = hRes }).ToJson();

        Assert.Equal(keys, json.Split('\n').Count(line => line.Contains(':', StringComparison.Ordinal)));
        Assert.Equal(json, Read(json).ToJson());
    }

    [Fact]
    public void ReportsEveryProblemAtOnce()
    {
        string json = Valid.Replace("\"n_head\": 4", "\"n_head\": 6")
            .Replace("\"h_res_tau\": 1", "\"h_res_tua\": 1")
            .Replace("\"live\"", "\"alive\"")
            .Replace("\"streams\": 4", "\"streams\": \"4\"");

        AssertProblems(json,
            "config.json: `streams` is \"4\", expected an integer.",
            "config.json: `init` is \"alive\", expected \"live\" or \"parity\".",
            "config.json: `h_res_tau` is missing, expected a number.",
            "config.json: `n_head` is 6 but `n_embd` 32 is not divisible by it.",
            "config.json: `h_res_tua` is not a known key; did you mean `h_res_tau`?");
    }

    [Fact]
    public void RefusesAKeyThatItsModeDoesNotUse() =>
        AssertProblems(Valid.Replace("\"sinkhorn\"", "\"identity\""),
            "config.json: `h_res_iters` is not used with `h_res` \"identity\": remove it.",
            "config.json: `h_res_tau` is not used with `h_res` \"identity\": remove it.");

    [Fact]
    public void RefusesARepeatedKey() => AssertProblems(Valid.Replace("\"streams\": 4", "\"streams\": 4, \"streams\": 5"),
        "config.json: `streams` is there twice.");

    [Fact]
    public void RefusesAnotherFormatVersion() => AssertProblems(Valid.Replace("\"format_version\": 1", "\"format_version\": 2"),
        "config.json: `format_version` is 2, this version of Mhc.Training reads 1: use the Mhc.Training that wrote it.");

    /// <summary>The exporter's tests refuse the same files: the two readers must not part.</summary>
    [Theory, MemberData(nameof(InvalidFiles))]
    public void ThatTheExporterRefusesIsRefused(string file) =>
        Assert.Throws<InvalidDataException>(() => MhcConfig.Read(Path.Combine(Fixtures.Folder("invalid"), file)));

    public static TheoryData<string> InvalidFiles =>
        new(Directory.EnumerateFiles(Fixtures.Folder("invalid"), "config-*.json").Select(file => Path.GetFileName(file)).Order());

    [Fact]
    public void OutOfRangeIsRefused() =>
        AssertProblems(
            Valid.Replace("\"n_layer\": 3", "\"n_layer\": 0")
                .Replace("\"dropout\": 0.1", "\"dropout\": 1")
                .Replace("\"h_res_tau\": 1", "\"h_res_tau\": 0"),
            "config.json: `n_layer` is 0, expected at least 1.",
            "config.json: `dropout` is 1, expected a number from 0 to below 1.",
            "config.json: `h_res_tau` is 0, expected a number above 0.");

    [Fact]
    public void SaysWhereItIsNoJson()
    {
        var error = Assert.Throws<InvalidDataException>(() => Read("{\n  \"vocab_size\" 65\n}"));

        Assert.EndsWith("config.json: not valid JSON at line 2, byte 16. Expected one JSON object.", error.Message,
            StringComparison.Ordinal);
    }

    private static MhcConfig Read(string json)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["config.json"], json);
        return MhcConfig.Read(folder["config.json"]);
    }

    private static void AssertProblems(string json, params string[] problems)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["config.json"], json);
        string message = Assert.Throws<InvalidDataException>(() => MhcConfig.Read(folder["config.json"])).Message;
        Assert.Equal(string.Join(Environment.NewLine, problems),
            message.Replace(folder["config.json"], "config.json", StringComparison.Ordinal));
    }
}
