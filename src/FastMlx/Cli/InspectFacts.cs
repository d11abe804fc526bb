using System.Globalization;
using FastMlx.Chat.Output;
using FastMlx.Chat.Tokenization;
using FastMlx.Engine;
using FastMlx.Hub;
using FastMlx.Native;

namespace FastMlx.Cli;

/// <summary>
/// What `inspect` says that only other rooms know: what the engine makes of the model, and which template and which
/// syntax of calls, and why.
/// </summary>
internal static class InspectFacts
{
    public static IEnumerable<(string Name, string Value)> Of(ModelFolder folder) =>
        [("engine", Engine(folder)), .. TextOf(folder)];

    // Opening maps the files and reads no weights.
    private static string Engine(ModelFolder folder)
    {
        try
        {
            using var model = NativeModel.Open(folder.Directory, new NativeModelOptions());
            ModelInfo info = model.Info;
            string cut = info.CanTrim ? "reused up to any token" : "reused from snapshots";
            string growth = info.StateBytesPerToken == 0
                ? "state of a fixed size" : $"{ByteText.Of((long)info.StateBytesPerToken)} of state a token";
            return $"{info.Backend}: {growth}, "
                + $"{ByteText.Of((long)info.ScratchBytes)} to compute with; prefixes are {cut}";
        }
        catch (ModelException e)
        {
            return $"cannot run it: {e.Message}";
        }
    }

    private static IEnumerable<(string Name, string Value)> TextOf(ModelFolder folder)
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
