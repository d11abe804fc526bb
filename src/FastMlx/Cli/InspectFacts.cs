using System.Globalization;
using FastMlx.Chat.Output;
using FastMlx.Chat.Tokenization;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>
/// What `inspect` says that only the text room knows: which template and which syntax of calls, and why.
/// </summary>
internal static class InspectFacts
{
    public static IEnumerable<(string Name, string Value)> Of(ModelFolder folder)
    {
        TokenizerFolder tokenizer;
        string? problem = null;
        try
        {
            tokenizer = TokenizerFolder.Load(folder.Directory);
        }
        catch (TokenizerException e)
        {
            tokenizer = null!;
            problem = e.Message;
        }

        if (problem is not null)
        {
            yield return ("tokenizer", problem);
            yield break;
        }

        yield return ("tokens", tokenizer.Tokenizer.VocabularySize.ToString(CultureInfo.InvariantCulture));
        if (tokenizer.ChatTemplate is not { } source)
        {
            yield return ("chat template", "none: a base model, which cannot be served");
            yield break;
        }

        yield return ("chat template", string.Join(", ", tokenizer.ChatTemplates.Keys.Order(StringComparer.Ordinal)));
        HashSet<string> added = [.. tokenizer.Tokenizer.AddedTokens.Select(t => t.Content)];
        OutputFormat format = OutputFormat.Choose(source, added, overrideName: null);
        yield return ("tool calls", $"{format.Name} (from the template's text and the added tokens)");
        yield return ("reasoning", format.ThoughtClose.Length > 0 ? $"ends with {format.ThoughtClose}" : "none");
    }
}
