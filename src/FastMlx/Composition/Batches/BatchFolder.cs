using System.Buffers;
using System.Text.Json;
using FastMlx.Api;

namespace FastMlx.Composition.Batches;

/// <summary>
/// One batch on disk: `batch.json` says where it stands, `requests.jsonl` what was asked, `results.jsonl` gets a line
/// when a request ends. A folder appears by one rename, so it is whole or not there.
/// </summary>
internal sealed class BatchFolder(string path)
{
    private const string State = "batch.json";
    private const string Requests = "requests.jsonl";
    private const string Results = "results.jsonl";

    public string Path => path;

    public static BatchFolder Create(string root, BatchInfo info, IReadOnlyList<BatchRequest> requests)
    {
        string final = System.IO.Path.Combine(root, info.Id);
        string aside = final + ".new";
        BatchFile.CreateFolder(aside);
        var lines = new ArrayBufferWriter<byte>(1 << 16);
        foreach (BatchRequest request in requests)
        {
            using (var json = new Utf8JsonWriter(lines))
            {
                json.WriteStartObject();
                json.WriteString("custom_id"u8, request.CustomId);
                json.WritePropertyName("params"u8);
                // Compact: the client's line breaks would break the line.
                using var document = JsonDocument.Parse(request.Params, DocumentOptions);
                document.WriteTo(json);
                json.WriteEndObject();
            }

            lines.Write("\n"u8);
        }

        BatchFile.Write(System.IO.Path.Combine(aside, Requests), lines.WrittenSpan);
        new BatchFolder(aside).Save(info);
        Directory.Move(aside, final);
        return new BatchFolder(final);
    }

    public void Save(BatchInfo info)
    {
        var content = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(content))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, info.Id);
            json.WriteString("created_at"u8, info.CreatedAt);
            json.WriteString("expires_at"u8, info.ExpiresAt);
            if (info.CancelInitiatedAt is { } cancelled)
                json.WriteString("cancel_initiated_at"u8, cancelled);
            if (info.EndedAt is { } ended)
                json.WriteString("ended_at"u8, ended);
            json.WriteNumber("requests"u8, info.RequestCount);
            json.WriteEndObject();
        }

        BatchFile.Write(System.IO.Path.Combine(path, State), content.WrittenSpan);
    }

    /// <summary>Where the batch stands; its counts are those of the results.</summary>
    /// <exception cref="JsonException">The file is damaged.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public BatchInfo Load()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(System.IO.Path.Combine(path, State)));
        JsonElement root = document.RootElement;
        DateTimeOffset? ended = Time(root, "ended_at");
        DateTimeOffset? cancelled = Time(root, "cancel_initiated_at");
        var info = new BatchInfo
        {
            Id = System.IO.Path.GetFileName(path),
            Status = ended is not null ? BatchStatus.Ended
                : cancelled is not null ? BatchStatus.Canceling
                : BatchStatus.InProgress,
            CreatedAt = Time(root, "created_at") ?? throw new JsonException("no created_at"),
            ExpiresAt = Time(root, "expires_at") ?? throw new JsonException("no expires_at"),
            EndedAt = ended,
            CancelInitiatedAt = cancelled,
            RequestCount = root.GetProperty("requests").GetInt32(),
        };
        return ended is null ? info : Counted(info);
    }

    /// <summary>The requests that have no result yet.</summary>
    public List<BatchRequest> LoadPending()
    {
        HashSet<string> done = [.. LoadResults().Select(result => result.CustomId)];
        var pending = new List<BatchRequest>();
        foreach (ReadOnlyMemory<byte> line in Lines(File.ReadAllBytes(System.IO.Path.Combine(path, Requests))))
        {
            using var document = JsonDocument.Parse(line, DocumentOptions);
            string id = document.RootElement.GetProperty("custom_id").GetString()!;
            if (!done.Contains(id))
                pending.Add(new BatchRequest(id, JsonSerialized(document.RootElement.GetProperty("params"))));
        }

        return pending;
    }

    /// <summary>A file to append lines to, without the half line that a crash may have left.</summary>
    public FileStream OpenResults()
    {
        string file = System.IO.Path.Combine(path, Results);
        FileStream results = BatchFile.Open(file, FileMode.OpenOrCreate);
        long whole = results.Length == 0 ? 0 : File.ReadAllBytes(file).AsSpan().LastIndexOf((byte)'\n') + 1;
        results.SetLength(whole);
        results.Seek(0, SeekOrigin.End);
        return results;
    }

    public byte[] ReadResults()
    {
        string file = System.IO.Path.Combine(path, Results);
        return File.Exists(file) ? File.ReadAllBytes(file) : [];
    }

    public void Delete() => Directory.Delete(path, recursive: true);

    public BatchInfo Counted(BatchInfo info)
    {
        ILookup<string, string> types = LoadResults().ToLookup(result => result.Type, result => result.CustomId);
        return info with
        {
            Succeeded = types["succeeded"].Count(),
            Errored = types["errored"].Count(),
            Canceled = types["canceled"].Count(),
            Expired = types["expired"].Count(),
        };
    }

    private static JsonDocumentOptions DocumentOptions => new() { MaxDepth = ReaderLimits.Default.JsonDepth + 8 };

    private List<(string CustomId, string Type)> LoadResults()
    {
        var results = new List<(string CustomId, string Type)>();
        foreach (ReadOnlyMemory<byte> line in Lines(ReadResults()))
        {
            using var document = JsonDocument.Parse(line, DocumentOptions);
            results.Add((
                document.RootElement.GetProperty("custom_id").GetString()!,
                document.RootElement.GetProperty("result").GetProperty("type").GetString()!));
        }

        return results;
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lines(ReadOnlyMemory<byte> text)
    {
        while (text.Span.IndexOf((byte)'\n') is var end and >= 0)
        {
            yield return text[..end];
            text = text[(end + 1)..];
        }
    }

    private static byte[] JsonSerialized(JsonElement element)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
            element.WriteTo(json);
        return output.WrittenSpan.ToArray();
    }

    private static DateTimeOffset? Time(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) ? value.GetDateTimeOffset() : null;
}
