using Mhc.Testing;

namespace Mhc.Onnx.Tests;

public class MatricesOutOfRangeTests
{
    private const string Remedy = "The logits are too large for the temperature: take an earlier checkpoint.";

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-1e-12)]
    public void ElementIsRefused(double element) => Assert.Equal(
        $"transformer.h.0.hc_mlp: an element of h_pre, H_res or h_post is negative, NaN or infinite; expected at least 0. {Remedy}",
        Matrices(element, 1).Problem(HResProjection.Sinkhorn));

    [Fact]
    public void ColumnSumIsRefused() => Assert.Equal(
        $"transformer.h.0.hc_mlp: a column of H_res sums to 1 within 0.25; expected 1e-09. {Remedy}",
        Matrices(0.25, 1).Problem(HResProjection.Sinkhorn));

    [Fact]
    public void FileThatTheyComeFromIsNamed()
    {
        // Beside 1e15 the logarithm of three streams is rounded to 1: three elements of e⁻¹ are 1.10 and not 1.
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny, alter: (name, values) =>
        {
            if (name is "transformer.h.0.hc_mlp.H_res_logits" or "transformer.h.1.hc_mlp.H_res_logits")
                for (int i = 0; i < values.Length; i++)
                    values[i] = i % 3 * 1e15f;
        });

        var e = Assert.Throws<InvalidDataException>(() => OnnxExporter.Export(folder.Path, folder["model.onnx"]));

        string problem = $"a column of H_res sums to 1 within 0.1; expected 1e-09. {Remedy}";
        Assert.Equal($"{folder["model.safetensors"]}: transformer.h.0.hc_mlp: {problem}{Environment.NewLine}"
            + $"{folder["model.safetensors"]}: transformer.h.1.hc_mlp: {problem}", e.Message);
    }

    [Theory]
    [InlineData(nameof(HResProjection.Permutation))]
    [InlineData(nameof(HResProjection.Kronecker))]
    [InlineData(nameof(HResProjection.Circulant))]
    [InlineData(nameof(HResProjection.Identity))]
    public void RowSumOfAnExactProjectionIsRefused(string projection) => Assert.Equal(
        "transformer.h.0.hc_mlp: a row of H_res sums to 1 within 0.25; expected 1e-09. Take an earlier checkpoint.",
        UnevenRows.Problem(Enum.Parse<HResProjection>(projection)));

    [Fact]
    public void SumsOfAnOrthostochasticProjectionAreOnlyReported() =>
        Assert.Null(Matrices(0.25, 1).Problem(HResProjection.Orthostochastic));

    [Fact]
    public void NewtonSchulzStepsThatDivergeAreRefused()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny with
        {
            NLayer = 1,
            HRes = HResProjection.Orthostochastic,
            NsSteps = 20,
            NsCoeffs = new(30, 30, 30),
        });

        var e = Assert.Throws<InvalidDataException>(() => OnnxExporter.Export(folder.Path, folder["model.onnx"]));

        const string Problem = "an element of h_pre, H_res or h_post is negative, NaN or infinite; expected at least 0. "
            + "The Newton–Schulz steps diverge: correct `ns_coeffs` in config.json.";
        Assert.Equal($"{folder["model.safetensors"]}: transformer.h.0.hc_attn: {Problem}{Environment.NewLine}"
            + $"{folder["model.safetensors"]}: transformer.h.0.hc_mlp: {Problem}", e.Message);
    }

    [Fact]
    public void RowSumOfSinkhornIsOnlyReported()
    {
        HMatrices matrices = UnevenRows;

        Assert.Null(matrices.Problem(HResProjection.Sinkhorn));
        Assert.Equal(0.25, matrices.MaxRowError);
        Assert.Equal(0, matrices.MaxColumnError);
    }

    private static HMatrices UnevenRows => new("transformer.h.0.hc_mlp", [1, 0], [[0.5, 0.75], [0.5, 0.25]], [0, 1]);

    private static HMatrices Matrices(double corner, double other) =>
        new("transformer.h.0.hc_mlp", [1, 0], [[corner, 0], [other, 1]], [0, 1]);
}
