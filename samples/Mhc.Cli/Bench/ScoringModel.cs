using Mhc.Onnx;
using Mhc.Training;
using static TorchSharp.torch;

namespace Mhc.Cli.Bench;

/// <summary>An exported model of random weights with a vocabulary of single characters, in a folder that goes when the measurement does.</summary>
internal sealed class ScoringModel : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mhc-bench-");
    private readonly TextTokenizer _tokenizer;

    public ScoringModel(MhcConfig config)
    {
        string checkpoint = Path.Combine(_folder.FullName, "checkpoint");
        // A newline, which is the prefix, and the characters from the space on.
        _tokenizer = TextTokenizer.Char(Letters(config.VocabSize - 1) + "\n");
        using (var model = new MhcModel(config, seed: 1, CPU))
            model.Save(checkpoint);
        File.WriteAllText(Path.Combine(checkpoint, "tokenizer.json"), _tokenizer.ToJson());
        OnnxExporter.Export(checkpoint, Scores);
        OnnxExporter.Export(checkpoint, Logits, new OnnxExportOptions { Outputs = OnnxOutputs.Logits });
    }

    /// <summary>The file that scores text.</summary>
    public string Scores => Path.Combine(_folder.FullName, "scores.onnx");

    /// <summary>The file of the same model that gives logits.</summary>
    public string Logits => Path.Combine(_folder.FullName, "logits.onnx");

    public int VocabSize => _tokenizer.VocabSize;

    public int Prefix => _tokenizer.PrefixTokenId!.Value;

    public IReadOnlyList<int> Encode(string text) => _tokenizer.Encode(text);

    /// <summary>Texts of one kind, a token a character, about as many tokens as asked for.</summary>
    public string[] Texts(TextKind kind, int tokens)
    {
        var random = new Random(1);
        string letters = Letters(VocabSize - 1);
        var texts = new List<string>();
        for (int left = tokens; left > 0; left -= texts[^1].Length)
            texts.Add(new string(random.GetItems<char>(letters, random.Next(kind.Shortest, kind.Longest + 1))));
        return [.. texts];
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Letters(int count) => new([.. Enumerable.Range(' ', count).Select(letter => (char)letter)]);
}
