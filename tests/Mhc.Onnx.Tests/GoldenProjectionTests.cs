using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>The projections of the exporter against the PyTorch reference's.</summary>
public class GoldenProjectionTests
{
    public static TheoryData<string> Models => GoldenFixture.Models;

    public static TheoryData<string> Projections => GoldenFixture.Projections;

    [Theory, MemberData(nameof(Projections))]
    public void ProjectionsAgreeInDoublePrecision(string folder)
    {
        IReadOnlyDictionary<string, FixtureTensor> tensors = GoldenFixture.ReadAll(folder, "projections.safetensors");
        string[] cases =
        [
            .. tensors.Keys.Where(name => name.EndsWith(".logits", StringComparison.Ordinal)).Select(name => name[..^".logits".Length]),
        ];
        Assert.NotEmpty(cases);
        foreach (string name in cases)
        {
            FixtureTensor logits = tensors[$"{name}.logits"];
            var matrix = new double[logits.Shape[0], logits.Shape[1]];
            Buffer.BlockCopy(logits.Values, 0, matrix, 0, logits.Values.Length * sizeof(double));

            Close($"{name}.sinkhorn_i10_t0.05.f64", HProjection.Sinkhorn(matrix, 10, 0.05));
            Close($"{name}.sinkhorn_i20_t1.0.f64", HProjection.Sinkhorn(matrix, 20, 1));
            Close($"{name}.ortho.f64", HProjection.Orthostochastic(matrix, 5, 1e-7, new(3, -3.2, 1.2)));
        }

        void Close(string name, double[,] actual) =>
            TensorAssert.Close(name, tensors[name].Values, [.. actual.Cast<double>()], Tolerance.Float64);
    }

    [Theory, MemberData(nameof(Models))]
    public void MatricesOfTheModelAgree(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        Checkpoint checkpoint = Checkpoint.Open(golden.Checkpoint);
        IReadOnlyList<HMatrices> matrices = checkpoint.ProjectHMatrices();
        Assert.Equal(golden.Names.Count(name => name.EndsWith(".H_res", StringComparison.Ordinal)), matrices.Count);
        foreach (HMatrices h in matrices)
        {
            Close($"proj.{h.Sublayer}.H_pre", h.HPre);
            Close($"proj.{h.Sublayer}.H_res", h.HRes.SelectMany(row => row));
            Close($"proj.{h.Sublayer}.H_post", h.HPost);
        }

        void Close(string name, IEnumerable<double> actual) =>
            TensorAssert.Close(name, golden.Tensor(name).Values, [.. actual], Tolerance.Projection);
    }
}
