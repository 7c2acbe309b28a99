using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary><c>mhc generate</c> with an exported model is <c>mhc generate</c> with its checkpoint.</summary>
public class GenerationOnTheCommandLine
{
    [Fact]
    public void WritesTheSameTextsFromTheExportedModel()
    {
        using GoldenFixture golden = WithTokenizer();
        using TemporaryFolder folder = Fixtures.Temporary();
        string[] options = ["--prompt", "ab", "--max-tokens", "8", "--samples", "3", "--seed", "5", "--temperature", "1.5", "--top-k", "9"];
        CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", folder["m.onnx"], "--outputs", "decoder");

        CommandLineTool.Result exported = CommandLineTool.Mhc(["generate", "--model", folder["m.onnx"], .. options]);

        Assert.Equal((0, ""), (exported.ExitCode, exported.Error));
        Assert.Equal(CommandLineTool.MustRun(["generate", "--checkpoint", golden.Checkpoint, .. options]), exported.Output);
        Assert.Equal(3, exported.Output.Split("\n---------------\n").Distinct().Count());
    }

    [Fact]
    public void SaysWhereTheContextIsFullAndWhatIsLeftOut()
    {
        using GoldenFixture golden = WithTokenizer();
        using TemporaryFolder folder = Fixtures.Temporary();
        CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", folder["m.onnx"], "--outputs", "decoder");

        CommandLineTool.Result result = CommandLineTool.Mhc("generate", "--model", folder["m.onnx"], "--prompt", "aXb☃");

        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("mhc: warning: the prompt holds 2 characters that the model's vocabulary lacks. They are left out.", result.Error,
            StringComparison.Ordinal);
        Assert.Contains("is full, which ended the text. `mhc generate --checkpoint` goes on from the last tokens.", result.Error,
            StringComparison.Ordinal);
    }

    private static GoldenFixture WithTokenizer()
    {
        GoldenFixture golden = GoldenFixture.Open("mhc4");
        File.WriteAllText(Path.Combine(golden.Checkpoint, "tokenizer.json"), """
            { "version": 1, "type": "char", "vocabulary": ["\n", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"],
              "prefix_token_id": 0, "eos_token_id": null }
            """);
        return golden;
    }
}
