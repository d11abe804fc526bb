using System.Text.Json;
using FastMlx.Api;
using FastMlx.Chat;

namespace FastMlx.Tests.Chat.Prompts;

/// <summary>Requests that the real Claude Code sent, read as the server reads them.</summary>
internal static class Fixtures
{
    public static string? Folder => Repository.Shared is { } shared ? Path.Combine(shared, "claude-code", "fixtures") : null;

    public static IEnumerable<string> Names => Directory.EnumerateFiles(Folder!, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order();

    public static ChatRequest Read(string name)
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder!, name + ".json")));
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(file.RootElement.GetProperty("body"));
        bool isCount = !file.RootElement.GetProperty("body").TryGetProperty("max_tokens", out _);
        bool read = isCount
            ? MessagesReader.TryReadCount(body, ReaderOptions.Default, out MessagesRequest? request, out ApiError? error)
            : MessagesReader.TryRead(body, ReaderOptions.Default, out request, out error);
        return read ? request!.Chat : throw new InvalidOperationException($"{name}: {error}");
    }
}
