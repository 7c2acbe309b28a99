using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary>A checkpoint of PyTorch, imported and continued by the commands that a user would give.</summary>
public class PyTorchOnTheCommandLine
{
    [Fact]
    public void GeneratesTextOnceItHasATokenizer()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        TorchSave.Golden(folder["ckpt.pt"], "mhc4");
        CommandLineTool.MustRun("import", "--reference", folder["ckpt.pt"], "--out", folder["c"]);
        string[] generate = ["generate", "--checkpoint", folder["c"], "--prompt", "é", "--max-tokens", "3", "--samples", "2"];

        CommandLineTool.Result without = CommandLineTool.Mhc(generate);
        File.WriteAllText(folder["c/tokenizer.json"],
            """{ "version": 1, "type": "char", "vocabulary": ["\n", "한", "😀"], "prefix_token_id": 0, "eos_token_id": null }""");
        CommandLineTool.Result with = CommandLineTool.Mhc([.. generate, "--temperature", "0"]);

        Assert.Equal((1, "", $"mhc: {folder["c/tokenizer.json"]}: no such file, so there is no telling which text a token id is. "
            + "An imported model comes without: put the tokenizer.json of its training data there, as docs/checkpoint-format.md has it."),
            (without.ExitCode, without.Output, without.Error.Trim()));
        Assert.Equal((0, "mhc: warning: the prompt holds characters that the model's vocabulary lacks: é. They are left out."),
            (with.ExitCode, with.Error.Trim()));
        string[] texts = with.Output.ReplaceLineEndings("\n").Split("---------------\n");
        Assert.Equal(2, texts.Length);
        Assert.Equal(texts[0], texts[1]); // The likeliest tokens, whatever the sample.
        Assert.Matches("^é[\n한😀]{3,6}\n$", texts[0]);
    }

    [Fact]
    public void ThatIsAProgramIsRefused()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        byte[] program = new PickleWriter().Global("posix system").Tuple($"touch {folder["owned"]}").Raw((byte)'R').Finish();
        TorchSave.Write(folder["ckpt.pt"], program, []);

        CommandLineTool.Result result = CommandLineTool.Mhc("import", "--reference", folder["ckpt.pt"], "--out", folder["c"]);

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"mhc: {folder["ckpt.pt"]}: data.pkl, byte 2: the global `posix.system` is refused.",
            result.Error, StringComparison.Ordinal);
        Assert.Equal(["ckpt.pt"], Directory.EnumerateFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public void IsNotReplacedByWhatIsMadeOfIt()
    {
        using GoldenFixture golden = GoldenFixture.Open("mhc4");

        CommandLineTool.Result result = CommandLineTool.Mhc("import", "--reference", golden.Checkpoint, "--out", golden.Checkpoint);

        Assert.Equal((1, $"mhc: {golden.Checkpoint}: holds the reference's own files. Write the checkpoint elsewhere."),
            (result.ExitCode, result.Error.Trim()));
    }
}
