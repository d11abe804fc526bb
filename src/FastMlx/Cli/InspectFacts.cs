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
        [.. EngineOf(folder), .. TextOf(folder)];

    // Opening maps the files and reads no weights.
    private static (string Name, string Value)[] EngineOf(ModelFolder folder)
    {
        try
        {
            using var model = NativeModel.Open(folder.Directory, new NativeModelOptions());
            ModelInfo info = model.Info;
            string cut = info.CanTrim ? "reused up to any token" : "reused from snapshots";
            string growth = info.StateBytesPerToken == 0
                ? "state of a fixed size" : $"{Bytes(info.StateBytesPerToken * 1000)} of state for 1,000 tokens";
            return
            [
                ("engine", $"{info.Backend}: {growth}, {Bytes(info.ScratchBytes)} to compute with; prefixes are {cut}"),
                ("fits here", Fit(info)),
            ];
        }
        catch (ModelException e)
        {
            return [("engine", $"cannot run it: {e.Message}")];
        }
    }

    // As the server decides it, with all of the machine's memory.
    private static string Fit(ModelInfo info)
    {
        var memory = (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        ulong needed = info.WeightBytes + info.ScratchBytes;
        if (needed > memory)
            return $"no: {Bytes(needed)} before the first token, {Bytes(memory)} of memory";
        EngineLimits limits = EngineLimits.Derive(new EngineOptions(), info);
        return string.Create(CultureInfo.InvariantCulture,
            $"a context of {limits.ContextLength:#,0} tokens, {Bytes(limits.StateBytes)} for conversations");
    }

    private static string Bytes(ulong bytes) => ByteText.Of((long)bytes);

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
