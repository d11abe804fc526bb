using FastMlx.Api;

namespace FastMlx.Composition.Models;

/// <summary>
/// Which model a requested name means (anthropic-messages-api.md §21.1): its own names, aliases, and Anthropic's names,
/// which are a client's way to say "the main one" or "the small one". Other names mean the one model that is there;
/// where there are several, or the server is strict, they mean nothing. Immutable.
/// </summary>
internal sealed class ModelNames
{
    /// <summary>Anthropic's families: an alias of such a name also answers the hosted names that contain it.</summary>
    public static readonly string[] Families = ["haiku", "sonnet", "opus", "fable"];

    private static readonly string[] MainNames = ["default", "best", "opusplan"];

    private readonly Dictionary<string, int> _models = new(StringComparer.OrdinalIgnoreCase);
    private readonly bool _takesAny;

    /// <param name="models">Their names; the first is the main one.</param>
    /// <param name="apiName">What the main one is also called.</param>
    /// <param name="aliases">Further names; a target is a name of a model.</param>
    /// <param name="isStrict">Unknown names are refused even where there is one model.</param>
    /// <exception cref="Configuration.OptionsException">An alias leads nowhere.</exception>
    public ModelNames(
        IReadOnlyList<string> models,
        string apiName,
        IReadOnlyList<(string Name, string Model)> aliases,
        bool isStrict)
    {
        _takesAny = models.Count == 1 && !isStrict;
        for (int i = 0; i < models.Count; i++)
            _models.TryAdd(models[i], i);
        _models.TryAdd(apiName, 0);
        for (int i = 0; i < models.Count; i++)
        {
            _models.TryAdd(ModelEntry.AliasOf(models[i]), i);
            _models.TryAdd(ShortOf(models[i]), i);
            // As `launch claude` calls a model whose own name the CLI would take for one of Anthropic's.
            _models.TryAdd("local-" + models[i], i);
        }

        foreach ((string name, string model) in aliases)
        {
            if (!_models.TryGetValue(model, out int target))
            {
                throw new Configuration.OptionsException(
                    $"MODEL_ALIASES: {name} means '{model}', which is none of the models "
                    + $"{string.Join(", ", models)}.");
            }

            _models[name] = target;
        }
    }

    /// <summary>The model's number, or -1: it is not found.</summary>
    public int Find(string requested)
    {
        string name = requested.Trim();
        // Claude Code's mark for a long context; it strips it, others do not.
        if (name.EndsWith("[1m]", StringComparison.OrdinalIgnoreCase))
            name = name[..^"[1m]".Length];
        if (_models.TryGetValue(name, out int index))
            return index;
        foreach (string family in Families)
        {
            if (name.Contains(family, StringComparison.OrdinalIgnoreCase) && _models.TryGetValue(family, out index))
                return index;
        }

        return _takesAny || IsMain(name) ? 0 : -1;
    }

    private static bool IsMain(string name) =>
        name.Contains("claude", StringComparison.OrdinalIgnoreCase)
        || name.Contains("anthropic", StringComparison.OrdinalIgnoreCase)
        || Families.Concat(MainNames).Contains(name, StringComparer.OrdinalIgnoreCase);

    private static string ShortOf(string name) => name[(name.LastIndexOf('/') + 1)..];
}
