using System.Text.Json;

namespace FastMlx.Chat;

/// <summary>Everything that one rendering is given.</summary>
internal sealed record PromptInput
{
    public required IReadOnlyList<PromptMessage> Messages { get; init; }

    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];

    public bool AsksForAnswer { get; init; } = true;

    public bool Thinks { get; init; }

    public string? Effort { get; init; }

    public JsonElement? Arguments { get; init; }

    /// <summary>Call ids in the form that the template accepts; ids that are not in it stay as they are.</summary>
    public IReadOnlyDictionary<string, string> CallIds { get; init; } = new Dictionary<string, string>();

    public string IdFor(string id) => CallIds.GetValueOrDefault(id, id);
}
