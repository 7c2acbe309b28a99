using System.Text.Json;
using Mhc.Testing;

namespace Mhc.Training.Tests;

public class DiagnosticsOfARun
{
    private static readonly MhcConfig Tiny = new() { VocabSize = 256, BlockSize = 16, NLayer = 2, NHead = 2, NEmbd = 16, Streams = 3 };
    private static readonly TrainingOptions Short = new()
    {
        BatchSize = 4,
        MaxIters = 4,
        EvalInterval = 2,
        EvalIters = 2,
        LogInterval = 1,
        Device = "cpu",
    };
    private static readonly TextDataset Data =
        TextDataset.FromText(string.Concat(Enumerable.Range(0, 60).Select(i => $"line {i} of a text that repeats itself\n")));

    [Fact]
    public void StandInTheLinesOfItsEvaluations()
    {
        JsonElement[] lines = Metrics(Tiny, Short);

        Assert.Equal(lines.Where(line => line.TryGetProperty("val_loss", out _)).Select(line => line.GetProperty("step").GetInt32()),
            lines.Where(line => line.TryGetProperty("diagnostics", out _)).Select(line => line.GetProperty("step").GetInt32()));
        JsonElement start = lines[0].GetProperty("diagnostics"), end = lines[^1].GetProperty("diagnostics");
        Assert.Equal(["matrices", "streams"], start.EnumerateObject().Select(group => group.Name));
        Assert.Equal(["matrices", "streams", "grad_norm"], end.EnumerateObject().Select(group => group.Name));
        Assert.Equal(["row_sum_error", "column_sum_error", "min_entry", "lambda2", "distance_to_identity", "distance_to_uniform",
            "h_pre_entropy", "h_post_entropy", "forward_gain", "backward_gain", "sigma_min",
            "rms", "cosine", "cosine_min", "cosine_max", "effective_rank", "h_res", "h_pre", "h_post"],
            end.EnumerateObject().SelectMany(group => group.Value.EnumerateObject()).Select(list => list.Name));
        Assert.All(end.EnumerateObject().SelectMany(group => group.Value.EnumerateObject()),
            list => Assert.Equal(Tiny.Sublayers, list.Value.GetArrayLength()));
    }

    [Fact]
    public void AreDescribedInTheDocumentation()
    {
        string page = File.ReadAllText(Path.Combine(Fixtures.Repository, "docs/metrics.md"));

        JsonElement last = Metrics(Tiny, Short)[^1];
        foreach (string key in last.EnumerateObject().Select(member => member.Name).Where(key => key != "diagnostics"))
            Assert.Contains($"| `{key}` |", page, StringComparison.Ordinal);
        foreach (JsonProperty group in last.GetProperty("diagnostics").EnumerateObject())
            foreach (JsonProperty list in group.Value.EnumerateObject())
                Assert.Contains($"| `{group.Name}.{list.Name}` |", page, StringComparison.Ordinal);
    }

    [Fact]
    public void GiveTheGradientsOfTheLogitsAsTheyWereBeforeClipping()
    {
        TrainingOptions oneUpdate = Short with { MaxIters = 1, GradClip = 0 };
        JsonElement free = Metrics(Tiny, oneUpdate)[^1], clipped = Metrics(Tiny, oneUpdate with { GradClip = 0.1 })[^1];

        Assert.Equal(1, free.GetProperty("clip_ratio").GetDouble());
        Assert.Equal(0.1 / clipped.GetProperty("grad_norm").GetDouble(), clipped.GetProperty("clip_ratio").GetDouble(), 1e-6);
        TensorAssert.Close("h_post", HPost(free), HPost(clipped), 1e-4 * HPost(free).Max());

        static double[] HPost(JsonElement line) =>
        [
            .. line.GetProperty("diagnostics").GetProperty("grad_norm").GetProperty("h_post").EnumerateArray()
                .Select(norm => norm.GetDouble()),
        ];
    }

    [Fact]
    public void LeaveOutTheGradientOfAnHResWithoutParameters() =>
        Assert.Equal(["h_pre", "h_post"], Metrics(Tiny with { HRes = HResProjection.Identity }, Short)[^1]
            .GetProperty("diagnostics").GetProperty("grad_norm").EnumerateObject().Select(list => list.Name));

    [Theory]
    [InlineData(ResidualMode.Hc)]
    [InlineData(ResidualMode.MhcDynamic)]
    public void AreThoseOfTheStreamsAloneWhereTheMatricesDependOnTheInput(ResidualMode residual) =>
        Assert.Equal(["streams"], Metrics(Tiny with { Residual = residual }, Short)[^1]
            .GetProperty("diagnostics").EnumerateObject().Select(group => group.Name));

    [Fact]
    public void SayHowMuchAnIdentityMixLetsThrough() =>
        Assert.Equal([0.3, 0.3, 0.3, 0.3], Metrics(Tiny with { IdentityMix = true, IdentityMixAlpha = 0.3 }, Short)[0]
            .GetProperty("diagnostics").GetProperty("matrices").GetProperty("alpha").EnumerateArray()
            .Select(alpha => Math.Round(alpha.GetDouble(), 5)));

    [Fact]
    public void AreAbsentWithAPlainResidual() => Assert.DoesNotContain(
        Metrics(Tiny with { Residual = ResidualMode.None }, Short), line => line.TryGetProperty("diagnostics", out _));

    private static JsonElement[] Metrics(MhcConfig config, TrainingOptions options)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Trainer.Train(config, options, Data, folder["run"]);
        return [.. File.ReadLines(folder["run/metrics.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
