using Mhc.Testing;

namespace Mhc.Onnx.Tests;

public class IncompleteCheckpointTests
{
    [Fact]
    public void MissingFolderIsNamed()
    {
        var e = Assert.Throws<DirectoryNotFoundException>(() => Checkpoint.Open("no/such/folder"));

        Assert.Equal("There is no checkpoint folder 'no/such/folder'; expected a checkpoint folder such as RUN/best that holds config.json "
            + "and model.safetensors. Make one with `mhc train`, or correct the path.", e.Message);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public void MissingFileIsNamed(string file)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny);
        File.Delete(folder[file]);

        var e = Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(folder.Path));

        Assert.Equal($"{folder[file]}: no such file; expected a checkpoint folder such as RUN/best that holds config.json "
            + "and model.safetensors.", e.Message);
        Assert.Equal(folder[file], e.FileName);
    }

    [Fact]
    public void MissingUnexpectedAndMisshapenTensorsAreNamedTogether()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny);
        SafetensorsWriter.Write(folder["model.safetensors"], ParameterTable.Of(SyntheticCheckpoint.Tiny)
            .Where(parameter => parameter.Name is not ("transformer.ln_f.bias" or "transformer.h.1.hc_mlp.H_res_logits"))
            .Select(parameter => parameter.Name == "transformer.h.0.attn.c_attn.weight" ? parameter with { Shape = [20, 60] } : parameter)
            .Append(new("transformer.wte.weight", [23, 20]))
            .Select(parameter => (parameter, new float[parameter.Shape.Aggregate(1, (product, size) => product * size)])));

        var e = Assert.Throws<InvalidDataException>(() => Checkpoint.Open(folder.Path));

        string[] problems =
        [
            "tensor `transformer.h.0.attn.c_attn.weight`: file has [20, 60], model expects [60, 20].",
            "tensor `transformer.h.1.hc_mlp.H_res_logits` is missing; the model expects [3, 3].",
            "tensor `transformer.ln_f.bias` is missing; the model expects [20].",
            "tensor `transformer.wte.weight` [23, 20] is not a parameter of this model.",
        ];
        Assert.Equal(string.Join(Environment.NewLine, problems.Select(problem => $"{folder["model.safetensors"]}: {problem}")), e.Message);
    }
}
