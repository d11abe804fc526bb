using System.Collections.Concurrent;
using FastMlx.Chat.Templates;
using Xunit;

namespace FastMlx.Tests.Chat.Templates;

public sealed class GoldenTests
{
    [Fact]
    public void EveryGolden_IsReproduced()
    {
        Assert.SkipUnless(GoldenRow.Root is not null, "../shared is not here: 4,818 template goldens are not checked");
        GoldenRow[] rows = [.. GoldenRow.ReadAll()];
        var templates = new ConcurrentDictionary<(string, string), ChatTemplate>();
        var failures = new ConcurrentBag<string>();
        int differentMessages = 0;
        Parallel.ForEach(rows, row =>
        {
            string? failure = Check(row, templates, ref differentMessages);
            if (failure is not null)
                failures.Add(failure);
        });
        TestContext.Current.SendDiagnosticMessage(
            $"{rows.Length - failures.Count}/{rows.Length} goldens; {differentMessages} errors with another wording");
        Assert.True(rows.Length > 4000);
        Assert.True(failures.IsEmpty, $"{failures.Count} of {rows.Length}:\n" + string.Join('\n', failures.Order().Take(40)));
    }

    private static string? Check(
        GoldenRow row, ConcurrentDictionary<(string, string), ChatTemplate> templates, ref int differentMessages)
    {
        string id = $"{row.Template} {row.Case}";
        TemplateDialect dialect = row.Environment == "hf" ? TemplateDialect.HuggingFace : TemplateDialect.Extended;
        try
        {
            ChatTemplate template = templates.GetOrAdd(
                (row.Template, row.Environment), key => ChatTemplate.Compile(GoldenRow.Source(key.Item1), dialect));
            string text = template.Render(row.Variables, FixedClock.Instance).Text;
            if (row.Error is not null)
                return $"{id}: rendered, expected the error {row.Error}";
            return text == row.Output ? null : $"{id}: {Difference(row.Output!, text)}";
        }
        catch (TemplateException e)
        {
            if (row.Error is null)
                return $"{id}: {e.Kind} {e.Message} (line {e.Line})";
            if (e.Message != row.Error)
            {
                Interlocked.Increment(ref differentMessages);
                TestContext.Current.SendDiagnosticMessage($"{id}: '{e.Message}' for '{row.Error}'");
            }

            return null;
        }
    }

    private static string Difference(string expected, string actual)
    {
        int at = expected.AsSpan().CommonPrefixLength(actual);
        return $"at {at}: expected {Around(expected, at)}, got {Around(actual, at)}";
    }

    private static string Around(string text, int at) =>
        PythonText.Quote(text[Math.Max(0, at - 20)..Math.Min(text.Length, at + 40)]);
}
