using System.Text;
using CsCheck;
using Mhc.Testing;

namespace Mhc.Training.Tests;

public class TextToLearnFrom
{
    [Fact]
    public void ByteIdsAreTheBytesOfTheUtf8() => Gen.String.Where(text => !text.Any(char.IsSurrogate)).Sample(text =>
        Assert.Equal(Encoding.UTF8.GetBytes(text).Select(b => (int)b), TextTokenizer.Byte().Encode(text)), iter: 200);

    [Fact]
    public void CharIdsGiveTheTextBack() => Gen.String.Where(text => !text.Any(char.IsSurrogate)).Sample(text =>
    {
        TextTokenizer tokenizer = TextTokenizer.Char(text);
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        Assert.Equal(text.EnumerateRunes().Append(new('\n')).Distinct().Count(), tokenizer.VocabSize);
    }, iter: 200);

    [Fact]
    public void CharactersOutsideTheVocabularyHaveNoId() => Assert.Equal([1, 2], TextTokenizer.Char("ab").Encode("aéb\ud800😀"));

    [Fact]
    public void TokenizersAreRebuiltFromTheirJson()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        foreach (TextTokenizer tokenizer in new[] { TextTokenizer.Byte(), TextTokenizer.Char("naïve 😀\"\\") })
        {
            File.WriteAllText(folder["tokenizer.json"], tokenizer.ToJson());
            TextTokenizer rebuilt = TextTokenizer.Read(folder["tokenizer.json"]);

            Assert.Equal(tokenizer.ToJson(), rebuilt.ToJson());
            Assert.Equal(tokenizer.Encode("naïve 😀"), rebuilt.Encode("naïve 😀"));
            Assert.Equal([rebuilt.PrefixTokenId!.Value], rebuilt.Encode("\n"));
        }
    }

    [Fact]
    public void TokenizersWithFaultsAreRefusedWithAllOfThem()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["tokenizer.json"],
            """{ "version": 1, "type": "char", "vocabulary": ["a", "bc", "a"], "prefix_token_id": 3 }""");

        Assert.Equal(string.Join(Environment.NewLine,
            "tokenizer.json: `vocabulary` has \"bc\", expected one Unicode scalar value a string.",
            "tokenizer.json: `vocabulary` has a character twice.",
            "tokenizer.json: `eos_token_id` is missing, expected an integer or null.",
            "tokenizer.json: `prefix_token_id` is 3, expected null or an id from 0 to 2."),
            Assert.Throws<InvalidDataException>(() => TextTokenizer.Read(folder["tokenizer.json"])).Message
                .Replace(folder["tokenizer.json"], "tokenizer.json", StringComparison.Ordinal));
    }

    [Fact]
    public void TokenizersOfAnotherVersionAreRefused()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["tokenizer.json"], """{ "version": 2, "type": "words" }""");

        Assert.Equal($"{folder["tokenizer.json"]}: `version` is 2, this version of Mhc.Training reads 1: "
            + "use the Mhc.Training that wrote it.",
            Assert.Throws<InvalidDataException>(() => TextTokenizer.Read(folder["tokenizer.json"])).Message);
    }

    [Fact]
    public void FoldersAreReadInTheOrderOfTheirNames()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["b.txt"], "second\n");
        File.WriteAllText(folder["a.txt"], "first, without a newline at its end");
        File.WriteAllText(folder["c.md"], "not text to learn from");

        TextDataset data = TextDataset.FromFiles(folder.Path, valFraction: 0.2);

        Assert.Equal("first, without a newline at its end\n", Decode(data, data.Train));
        Assert.Equal(["second"], data.ValidationTexts.Texts);
    }

    [Fact]
    public void ValidationBeginsAtALinesStart()
    {
        TextDataset data = TextDataset.FromText("aaaa\nbbbb\ncccc\ndddd\n", valFraction: 0.4);

        Assert.Equal("aaaa\nbbbb\ncccc\n", Decode(data, data.Train));
        Assert.Equal("dddd\n", Decode(data, data.Validation));
    }

    [Fact]
    public void AbsentFilesAreNamed() =>
        Assert.Equal("no.txt: no such file or folder. Expected UTF-8 text to train on.",
            Assert.Throws<FileNotFoundException>(() => TextDataset.FromFiles("no.txt")).Message);

    [Fact]
    public void FoldersWithoutTextAreNamed()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Assert.Equal($"{folder.Path}: the folder holds no .txt file. "
            + "Expected UTF-8 text files to train on, or shards that `mhc prepare` makes.",
            Assert.Throws<FileNotFoundException>(() => TextDataset.FromFiles(folder.Path)).Message);
    }

    [Fact]
    public void EmptyFilesAreNamed() => AssertRefused([], "the file is empty. Expected UTF-8 text to train on.");

    [Fact]
    public void OtherEncodingsAreNamedWithTheFirstWrongByte() => AssertRefused([.. "caf"u8, 0xE9, (byte)'\n'],
        "byte 0xE9 at offset 3 is not UTF-8. "
        + "Expected UTF-8 text: convert the file first, for example with `iconv -f ISO-8859-1 -t UTF-8`.");

    private static string Decode(TextDataset data, TokenSequence tokens)
    {
        int[] ids = new int[tokens.Length];
        tokens.ReadWindow(0, ids);
        return data.Tokenizer.Decode(ids);
    }

    private static void AssertRefused(byte[] content, string problem)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllBytes(folder["t.txt"], content);
        Assert.Equal($"{folder["t.txt"]}: {problem}",
            Assert.Throws<InvalidDataException>(() => TextDataset.FromFiles(folder["t.txt"])).Message);
    }
}
