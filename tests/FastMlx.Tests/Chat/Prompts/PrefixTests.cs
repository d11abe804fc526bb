using System.Collections.Concurrent;
using FastMlx.Chat;
using FastMlx.Tests.Chat.Templates;
using Xunit;

namespace FastMlx.Tests.Chat.Prompts;

/// <summary>The prompt of a turn extends the prompt of the turn before it, over real requests and real templates.</summary>
public sealed class PrefixTests
{
    private static readonly string[] Loop = ["tool-loop-1", "tool-loop-2", "tool-loop-3", "tool-loop-4", "tool-loop-5"];

    // These write the tools or a system text of their own in front of the last user message, and only while it is last.
    private static readonly string[] Moving =
        ["mistralrs-mistral_small_tool_call.jinja", "vllm-tool_chat_template_mistral_parallel.jinja", "vllm2-mistral_parallel_tool.jinja"];

    [Fact]
    public void EveryTurn_ExtendsTheTurnBefore_WithTheSampledTokens()
    {
        Assert.SkipUnless(Repository.Shared is not null, "../shared is not here: prefixes over 240 templates are not checked");
        ChatRequest[] turns = [.. Loop.Select(Fixtures.Read)];
        var failures = new ConcurrentBag<string>();
        int capable = 0;
        Parallel.ForEach(TemplatePrompts.FirstRows, row =>
        {
            var log = new ListLogger();
            var memory = new ReplayMemory();
            PromptBuilder builder = TemplatePrompts.Builder(row, log, memory);
            if (!builder.Capabilities.Tools)
                return;
            Interlocked.Increment(ref capable);
            string? failure = FirstBreak(builder, memory, turns);
            if (failure is not null)
                failures.Add($"{row.Template}: {failure} {string.Join(" | ", log.Warnings.Distinct())}");
        });
        TestContext.Current.SendDiagnosticMessage(
            $"{capable - failures.Count}/{capable} tool-capable templates keep every prefix:\n" + string.Join('\n', failures.Order()));
        Assert.True(capable > 100);
        string[] unexpected = [.. failures.Where(f => !Moving.Contains(f.Split(':')[0])).Order()];
        Assert.True(unexpected.Length == 0, string.Join('\n', unexpected));
    }

    private static string? FirstBreak(PromptBuilder builder, ReplayMemory memory, ChatRequest[] turns)
    {
        List<int> expected = [];
        for (int k = 0; k < turns.Length; k++)
        {
            ChatPrompt prompt;
            try
            {
                prompt = builder.Build(turns[k]);
            }
            catch (PromptException e)
            {
                return $"turn {k + 1}: {e.Message}";
            }

            int common = 0;
            while (common < expected.Count && common < prompt.Tokens.Length && expected[common] == prompt.Tokens[common])
                common++;
            if (common < expected.Count)
                return $"turn {k + 1}: {common} of {expected.Count} tokens";
            if (k + 1 == turns.Length)
                return null;
            ChatMessage answer = turns[k + 1].Messages.Last(m => m.Role == ChatRole.Assistant);
            string[] ids = [.. answer.Parts.OfType<ToolCallPart>().Select(call => call.Id)];
            string text = string.Concat(answer.Parts.OfType<TextPart>().Select(part => part.Text));
            List<int> sampled = WordEncoder.Spelled("as the model wrote it " + text + string.Concat(ids));
            memory.Remember(prompt, [.. sampled], ids, null, ids.Length == 0 ? text : null);
            expected = [.. prompt.Tokens, .. sampled];
        }

        return null;
    }
}
