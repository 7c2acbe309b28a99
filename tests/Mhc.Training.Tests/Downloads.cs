using System.Net;
using System.Security.Cryptography;
using Mhc.Testing;

namespace Mhc.Training.Tests;

public sealed class Downloads : IDisposable
{
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(300_000);

    private readonly TemporaryFolder _folder = Fixtures.Temporary();
    private readonly FileServer _server = new();
    private readonly FileDownload _download = new(firstDelay: TimeSpan.FromMilliseconds(1));

    public Downloads() => _server.Add("a.bin", Content);

    public void Dispose()
    {
        _download.Dispose();
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task AreCheckedByTheHashThatTheHubStates()
    {
        var progress = new List<(long, long)>();

        Assert.True(await _download.Get(Url("a.bin"), _folder["a.bin"], onProgress: (bytes, total) => progress.Add((bytes, total))));

        AssertReceived("a.bin");
        Assert.Equal((300_000, 300_000), progress[^1]);
    }

    [Fact]
    public async Task GoOnWhereTheConnectionBrokeOff()
    {
        _server.BreakOffAfter.Enqueue(100_000);
        _server.BreakOffAfter.Enqueue(50_000);

        await _download.Get(Url("a.bin"), _folder["a.bin"]);

        Assert.Equal(3, _server.Requests.Count);
        Assert.Equal("a.bin", _server.Requests[0]);
        Assert.All(_server.Requests.Skip(1), request => Assert.StartsWith("a.bin bytes=", request, StringComparison.Ordinal));
        AssertReceived(null);
    }

    [Fact]
    public async Task GoOnInAnotherRun()
    {
        File.WriteAllBytes(_folder["a.bin.partial"], Content[..1234]);
        await _download.Get(Url("a.bin"), _folder["a.bin"]);
        AssertReceived("a.bin bytes=1234-");
    }

    [Fact]
    public async Task NeedNotGoOnWhereAllIsThere()
    {
        File.WriteAllBytes(_folder["a.bin.partial"], Content);
        await _download.Get(Url("a.bin"), _folder["a.bin"]);
        AssertReceived("a.bin bytes=300000-");
        await _download.Get(Url("a.bin"), _folder["a.bin"]);
        Assert.Equal(2, _server.Requests.Count);
    }

    [Theory]
    [InlineData(1234), InlineData(300_000), InlineData(300_001)]
    public async Task BeginAnewWhereTheBeginningWasOfAnotherFile(int length)
    {
        File.WriteAllBytes(_folder["a.bin.partial"], new byte[length]);
        await _download.Get(Url("a.bin"), _folder["a.bin"]);
        Assert.Equal([$"a.bin bytes={length}-", "a.bin"], _server.Requests);
        AssertReceived(null);
    }

    [Fact]
    public async Task BeginAnewWhereTheServerKnowsNoRanges()
    {
        _server.KnowsRanges = false;
        _server.BreakOffAfter.Enqueue(100_000);
        await _download.Get(Url("a.bin"), _folder["a.bin"]);
        AssertReceived(null);
    }

    [Fact]
    public async Task BeginAnewWithoutAHashAndSaySo()
    {
        _server.StatedSha256 = "";
        _server.BreakOffAfter.Enqueue(100_000);

        Assert.False(await _download.Get(Url("a.bin"), _folder["a.bin"]));

        Assert.Equal("a.bin", _server.Requests[^1]);
        AssertReceived(null);
    }

    [Fact]
    public async Task OfAnotherHashAreNotKept()
    {
        _server.StatedSha256 = new string('0', 64);

        Assert.Equal($"{Url("a.bin")}: the file received has SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Content))}, "
            + $"expected {_server.StatedSha256}. It was not kept.",
            (await Assert.ThrowsAsync<InvalidDataException>(() => _download.Get(Url("a.bin"), _folder["a.bin"]))).Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task TryAgainWhereTheServerIsBusy()
    {
        _server.Refusals.Enqueue(HttpStatusCode.ServiceUnavailable);
        _server.Refusals.Enqueue(HttpStatusCode.TooManyRequests);
        await _download.Get(Url("a.bin"), _folder["a.bin"]);
        AssertReceived("a.bin");
    }

    [Fact]
    public async Task GiveUpInTheEnd()
    {
        for (int i = 0; i < 6; i++)
            _server.Refusals.Enqueue(HttpStatusCode.BadGateway);
        Assert.Equal($"{Url("a.bin")}: HTTP 502 Bad Gateway. Tried 6 times. What has been received is kept: run it again to go on.",
            (await Assert.ThrowsAsync<IOException>(() => _download.Get(Url("a.bin"), _folder["a.bin"]))).Message);
    }

    [Fact]
    public async Task OfAbsentFilesAreTriedOnce()
    {
        Assert.Equal($"{Url("no.bin")}: HTTP 404 Not Found. Expected a server that has the file, as huggingface.co has.",
            (await Assert.ThrowsAsync<IOException>(() => _download.Get(Url("no.bin"), _folder["no.bin"]))).Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void OfFineWebBringTheValidationShardAndTheTokenizer()
    {
        using (var shard = new ShardWriter(_folder["shard"]))
        {
            shard.Write([1, 2, 3]);
            shard.Finish();
        }
        foreach (string name in (string[])["fineweb_val_000000.bin", "fineweb_train_000001.bin", "fineweb_train_000002.bin"])
            _server.Add(name, File.ReadAllBytes(_folder["shard"]));
        var tokenizer = TextTokenizer.Gpt2(TinyGpt2.Write(_folder["gpt2"]));

        Assert.Empty(FineWeb10B.Download(2, _folder["out"], _server.Url, () => tokenizer, _download));

        using TextDataset data = TextDataset.FromFiles(_folder["out"]);
        Assert.Equal((6L, 3L, TokenizerKind.Gpt2), (data.Train.Length, data.Validation.Length, data.Tokenizer.Kind));
        _server.StatedSha256 = "";
        Assert.Equal(["fineweb_val_000000.bin", "fineweb_train_000001.bin"],
            FineWeb10B.Download(1, _folder["out"], _server.Url, () => tokenizer, _download));
    }

    [Fact]
    public void OfFineWebMustBeShards()
    {
        _server.Add("fineweb_val_000000.bin", Content);
        Assert.StartsWith($"{_folder["out/fineweb_val_000000.bin.partial"]}: begins with ", Assert.Throws<InvalidDataException>(
            () => FineWeb10B.Download(1, _folder["out"], _server.Url, TextTokenizer.Byte, _download)).Message, StringComparison.Ordinal);
        Assert.Equal(["tokenizer.json"], Directory.EnumerateFileSystemEntries(_folder["out"]).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void OfGpt2sTokenizerAreOfThePublishedFiles()
    {
        _server.Add("vocab.json", Content);
        Assert.Equal("GPT-2's tokenizer needs vocab.json and merges.txt, which cannot be downloaded. "
            + $"{Url("vocab.json")}: the file received has SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Content))}, "
            + "expected 196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783. It was not kept. "
            + $"Without a network: put the two files in {_folder["cache"]}, or name a folder that holds them with --tokenizer-folder.",
            Assert.Throws<IOException>(() => Gpt2Files.Cached(_folder["cache"], _server.Url, _download)).Message);
    }

    [Fact]
    public void OfGpt2sTokenizerAreNotNeededWhereItIsInTheCache()
    {
        TinyGpt2.Write(_folder["cache"]);
        Assert.Equal(_folder["cache"], Gpt2Files.Cached(_folder["cache"], _server.Url, _download));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void WithoutANetworkSayWhereToPutTheFiles()
    {
        _server.Dispose();
        string message = Assert.Throws<IOException>(() => Gpt2Files.Cached(_folder["cache"], _server.Url, _download)).Message;
        Assert.StartsWith("GPT-2's tokenizer needs vocab.json and merges.txt, which cannot be downloaded. "
            + $"{Url("vocab.json")}: Connection refused", message, StringComparison.Ordinal);
        Assert.EndsWith($"Without a network: put the two files in {_folder["cache"]}, or name a folder that holds them "
            + "with --tokenizer-folder.", message, StringComparison.Ordinal);
    }

    private Uri Url(string name) => new(_server.Url, name);

    private void AssertReceived(string? onlyRequest)
    {
        Assert.Equal(Content, File.ReadAllBytes(_folder["a.bin"]));
        Assert.Equal([_folder["a.bin"]], Directory.EnumerateFileSystemEntries(_folder.Path));
        if (onlyRequest is not null)
            Assert.Equal([onlyRequest], _server.Requests);
    }
}
