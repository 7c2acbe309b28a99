using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Mhc.Training.Tests;

/// <summary>A server on this machine that gives files as the Hugging Face hub does, and does what is asked of it to go wrong.</summary>
internal sealed class FileServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Dictionary<string, byte[]> _files = [];

    public FileServer()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Url = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/hub/");
        }
        _listener.Prefixes.Add(new Uri(Url, "/").AbsoluteUri);
        _listener.Start();
        _ = Serve();
    }

    public Uri Url { get; }

    /// <summary>The path and the range of each request for a file itself.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>After how many bytes to break off the answers to come, one after the other.</summary>
    public Queue<int> BreakOffAfter { get; } = [];

    /// <summary>What to answer first, one after the other.</summary>
    public Queue<HttpStatusCode> Refusals { get; } = [];

    /// <summary>What the hub says that the files' SHA-256 is; by default the truth, "" for nothing.</summary>
    public string? StatedSha256 { get; set; }

    public bool KnowsRanges { get; set; } = true;

    public void Add(string name, byte[] content) => _files[name] = content;

    public void Dispose() => _listener.Close();

    private async Task Serve()
    {
        while (_listener.IsListening)
        {
            try
            {
                Answer(await _listener.GetContextAsync());
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
            {
            }
        }
    }

    private void Answer(HttpListenerContext context)
    {
        HttpListenerResponse response = context.Response;
        string name = Path.GetFileName(context.Request.Url!.AbsolutePath);
        if (Refusals.TryDequeue(out HttpStatusCode status) || !_files.TryGetValue(name, out byte[]? content))
        {
            response.StatusCode = status == 0 ? 404 : (int)status;
            response.Close();
            return;
        }
        if (context.Request.Url.AbsolutePath.StartsWith("/hub/", StringComparison.Ordinal))
        {
            // The hub states the hash and points to another server.
            string sha256 = StatedSha256 ?? Convert.ToHexStringLower(SHA256.HashData(content));
            if (sha256.Length > 0)
                response.Headers["X-Linked-ETag"] = $"\"{sha256}\"";
            response.Redirect($"/storage/{name}");
            response.Close();
            return;
        }
        string? range = context.Request.Headers["Range"];
        Requests.Add($"{name} {range}".Trim());
        int from = range is null || !KnowsRanges ? 0 : int.Parse(range["bytes=".Length..^1]);
        if (from > 0 && from >= content.Length)
        {
            response.StatusCode = 416;
            response.Headers["Content-Range"] = $"bytes */{content.Length}";
            response.Close();
            return;
        }
        response.StatusCode = from > 0 ? 206 : 200;
        response.ContentLength64 = content.Length - from;
        if (BreakOffAfter.TryDequeue(out int bytes) && bytes < content.Length - from)
        {
            response.OutputStream.Write(content, from, bytes);
            response.OutputStream.Flush();
            response.Abort();
            return;
        }
        response.OutputStream.Write(content, from, content.Length - from);
        response.Close();
    }
}
