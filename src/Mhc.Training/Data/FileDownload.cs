using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Mhc.Training;

/// <summary>
/// Downloads files from the Hugging Face hub, or from a server like it: goes on where a connection broke off, and renames a file to its
/// place only when its SHA-256 is right.
/// </summary>
/// <param name="tries">How often to fail in a row, without a byte received, before giving up.</param>
/// <param name="firstDelay">How long to wait after the first failure, each time twice as long. Default null: a second.</param>
internal sealed class FileDownload(int tries = 6, TimeSpan? firstDelay = null) : IDisposable
{
    private const int MostRedirects = 5;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60); // After which a connection counts as broken.

    private readonly TimeSpan _firstDelay = firstDelay ?? TimeSpan.FromSeconds(1);

    // Redirects are followed by hand: the hub tells a file's hash in its own answer, not in that of the server it points to.
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Silence };

    /// <summary>
    /// Leaves the file alone where it is there already with the right hash. Without a hash there is no telling whether the beginning
    /// that lies here belongs to the rest that is there, so the file is then always received whole.
    /// </summary>
    /// <returns>Whether a hash was there to check the file with.</returns>
    /// <param name="sha256">The expected hash; null takes the one that the hub states, if it does.</param>
    /// <param name="check">Looks at the complete file before it is renamed to its place; throws where it is not what it should be.</param>
    /// <param name="onProgress">Bytes that are there, and the file's size.</param>
    /// <exception cref="IOException">The server is not reached, does not have the file, or breaks off time after time.</exception>
    /// <exception cref="InvalidDataException">What was received is not the file with that hash.</exception>
    public async Task<bool> Get(
        Uri url, string path, string? sha256 = null, Action<string>? check = null, Action<long, long>? onProgress = null)
    {
        var file = new Download(url, path, $"{path}.partial", check, onProgress) { Sha256 = sha256 };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        for (int failures = 1; ; failures++)
        {
            long before = SizeOf(file.Partial);
            try
            {
                if (await TryGet(file).ConfigureAwait(false))
                    return file.Sha256 is not null;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                if (file.Sha256 is not null && SizeOf(file.Partial) > before)
                    failures = 0;
                if (failures >= tries)
                {
                    throw new IOException($"{url}: {e.Message.TrimEnd('.')}. Tried {failures} times. "
                        + "What has been received is kept: run it again to go on.", e);
                }
                await Task.Delay(_firstDelay * Math.Pow(2, Math.Max(0, failures - 1))).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _client.Dispose();

    /// <returns>Whether the file is in its place; false where it must be asked for again from its beginning.</returns>
    private async Task<bool> TryGet(Download file)
    {
        long from = SizeOf(file.Partial);
        using HttpResponseMessage response = await Open(file, from).ConfigureAwait(false);
        if (file.Sha256 is null ? from > 0 : await IsThere(file).ConfigureAwait(false))
        {
            File.Delete(file.Partial);
            return file.Sha256 is not null;
        }
        if (response.StatusCode != HttpStatusCode.RequestedRangeNotSatisfiable) // The partial file is not complete already, or too long.
            await Receive(response, file).ConfigureAwait(false);
        if (file.Sha256 is not null && await Sha256(file.Partial).ConfigureAwait(false) is string found && found != file.Sha256)
        {
            File.Delete(file.Partial);
            if (from > 0)
                return false; // Its beginning may have been of another file.
            throw new InvalidDataException($"{file.Url}: the file received has SHA-256 {found}, expected {file.Sha256}. It was not kept.");
        }
        try
        {
            file.Check?.Invoke(file.Partial);
        }
        catch (InvalidDataException)
        {
            File.Delete(file.Partial);
            throw;
        }
        File.Move(file.Partial, file.Path, overwrite: true);
        return true;
    }

    private static async Task<bool> IsThere(Download file)
    {
        if (!File.Exists(file.Path) || await Sha256(file.Path).ConfigureAwait(false) != file.Sha256)
            return false;
        file.OnProgress?.Invoke(SizeOf(file.Path), SizeOf(file.Path));
        return true;
    }

    private async Task<HttpResponseMessage> Open(Download file, long from)
    {
        Uri at = file.Url;
        for (int redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, at);
            if (from > 0)
                request.Headers.Range = new RangeHeaderValue(from, null);
            HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).ConfigureAwait(false);
            if (response.Headers.TryGetValues("X-Linked-ETag", out IEnumerable<string>? tags)
                && tags.First().Trim('"') is { Length: 64 } tag)
                file.Sha256 ??= tag;
            if ((int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location && redirects < MostRedirects)
            {
                at = new Uri(at, location);
                response.Dispose();
                continue;
            }
            if (response.IsSuccessStatusCode || (from > 0 && response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable))
                return response;
            using HttpResponseMessage _ = response;
            string problem = $"HTTP {(int)response.StatusCode} {response.ReasonPhrase}.";
            throw response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
                or >= HttpStatusCode.InternalServerError
                ? new HttpRequestException(problem)
                : new IOException($"{file.Url}: {problem} Expected a server that has the file, as huggingface.co has.");
        }
    }

    private static async Task Receive(HttpResponseMessage response, Download file)
    {
        // A server that knows no ranges sends the whole file.
        bool goesOn = response.StatusCode == HttpStatusCode.PartialContent;
        using var partial = new FileStream(file.Partial, goesOn ? FileMode.Append : FileMode.Create, FileAccess.Write);
        long total = partial.Position + (response.Content.Headers.ContentLength ?? 0);
        using Stream body = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
        byte[] buffer = new byte[1 << 17];
        for (int read; (read = await Read(body, buffer).ConfigureAwait(false)) > 0;)
        {
            partial.Write(buffer, 0, read);
            file.OnProgress?.Invoke(partial.Position, Math.Max(total, partial.Position));
        }
    }

    private static async Task<int> Read(Stream body, byte[] buffer)
    {
        using var silence = new CancellationTokenSource(Silence);
        try
        {
            return await body.ReadAsync(buffer, silence.Token).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new HttpRequestException(e.Message, e); // So that it is not taken for an error of the disk.
        }
    }

    private static long SizeOf(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static async Task<string> Sha256(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file).ConfigureAwait(false));
    }

    private sealed record Download(Uri Url, string Path, string Partial, Action<string>? Check, Action<long, long>? OnProgress)
    {
        /// <summary>What was asked for, or what the hub states.</summary>
        public string? Sha256 { get; set; }
    }
}
