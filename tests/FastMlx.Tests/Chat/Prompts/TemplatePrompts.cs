using FastMlx.Chat;
using FastMlx.Chat.Templates;
using FastMlx.Tests.Chat.Templates;

namespace FastMlx.Tests.Chat.Prompts;

/// <summary>Prompt builders over the corpus's templates, with the special tokens of their goldens.</summary>
internal static class TemplatePrompts
{
    public static IReadOnlyList<GoldenRow> FirstRows { get; } = GoldenRow.Root is null
        ? []
        : [.. GoldenRow.ReadAll().Where(row => row.Environment == "hf" && row.Case == "plain")];

    public static PromptBuilder Builder(GoldenRow row, ListLogger log, ReplayMemory? memory)
    {
        string source = GoldenRow.Source(row.Template);
        bool extended = source.Contains(".append(", StringComparison.Ordinal) || source.Contains("from_json", StringComparison.Ordinal);
        ChatTemplate template = ChatTemplate.Compile(source, extended ? TemplateDialect.Extended : TemplateDialect.HuggingFace);
        return Builder(template, row, log, memory);
    }

    public static PromptBuilder Builder(ChatTemplate template, GoldenRow? row, ListLogger log, ReplayMemory? memory)
    {
        var special = new Dictionary<string, string>();
        foreach (string name in (string[])["bos_token", "eos_token", "unk_token", "pad_token"])
        {
            if (row is not null && row.Variables.TryGetProperty(name, out var value))
                special[name] = value.GetString()!;
        }

        var options = new PromptOptions
        {
            SpecialTokens = special,
            StopTexts = special.TryGetValue("eos_token", out string? eos) ? [eos] : [],
            PrimeCall = name => name is null ? "<tool_call>\n{\"name\": \"" : $"<tool_call>\n{{\"name\": \"{name}\", \"arguments\": ",
            ThoughtClose = "</think>",
            Time = FixedClock.Instance,
            Replay = memory,
        };
        return new PromptBuilder(template, new WordEncoder(), options, log);
    }
}
