using System.IO.Compression;
using System.Text.Json;

namespace FastMlx.Tests.Chat.Templates;

/// <summary>One row of the shared template goldens: a template over a conversation, and what transformers made of it.</summary>
internal sealed record GoldenRow(string Template, string Case, string Environment, JsonElement Variables, string? Output, string? Error)
{
    public const string Folder = "corpora/chat-templates";

    public static string? Root => Repository.Shared is { } shared ? Path.Combine(shared, Folder) : null;

    public static string Source(string template) => File.ReadAllText(Path.Combine(Root!, "templates", template));

    public static IEnumerable<GoldenRow> ReadAll()
    {
        using FileStream file = File.OpenRead(Path.Combine(Root!, "goldens.jsonl.gz"));
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new StreamReader(unzipped);
        while (reader.ReadLine() is { } line)
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            yield return new GoldenRow(
                row.GetProperty("template").GetString()!, row.GetProperty("case").GetString()!,
                row.GetProperty("env").GetString()!, row.GetProperty("vars"),
                row.TryGetProperty("output", out JsonElement output) ? output.GetString() : null,
                row.TryGetProperty("error", out JsonElement error) ? error.GetString() : null);
        }
    }
}
