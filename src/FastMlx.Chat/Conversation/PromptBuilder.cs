using FastMlx.Chat.Output;
using FastMlx.Chat.Templates;
using FastMlx.Chat.Tokenization;
using Microsoft.Extensions.Logging;
using TextSpan = FastMlx.Chat.Templates.TextSpan;

namespace FastMlx.Chat;

/// <summary>
/// Makes conversations into token ids for one model: normalises, renders the template, encodes the text (the request's
/// own text without control tokens), puts remembered answers in as they were sampled, and says where checkpoints are
/// worth while. Any number of threads.
/// </summary>
public sealed partial class PromptBuilder
{
    /// <summary>Boundaries of single messages that are reported, counted from the end.</summary>
    private const int MessageCheckpoints = 4;

    private readonly ITextEncoder _encoder;
    private readonly PromptOptions _options;
    private readonly PromptRenderer _renderer;

    public PromptBuilder(ChatTemplate template, ITextEncoder encoder, PromptOptions options, ILogger log)
    {
        _encoder = encoder;
        _options = options;
        Capabilities = new CapabilityProbe(template, options).Run();
        _renderer = new PromptRenderer(template, Capabilities, options, log);
        LogCapabilities(log, Capabilities);
    }

    /// <summary>What the template can do; found out when the builder was made.</summary>
    public TemplateCapabilities Capabilities { get; }

    /// <summary>What <see cref="ReplayMemory.Remember"/> must be called on; null where none is used.</summary>
    public ReplayMemory? Replay => _options.Replay;

    /// <summary>A builder for a model's own files, with a replay memory.</summary>
    /// <param name="tokenizer">The model's tokenizer folder.</param>
    /// <param name="templateSource">The chat template's text.</param>
    /// <param name="format">How the model writes calls, for forced ones.</param>
    /// <param name="log">Gets one line for each fallback.</param>
    /// <param name="stopTexts">Texts of the tokens that end an answer; null: the tokenizer's eos_token.</param>
    /// <exception cref="TemplateException">The template cannot be compiled.</exception>
    public static PromptBuilder Create(
        TokenizerFolder tokenizer, string templateSource, OutputFormat format, ILogger log,
        IReadOnlyList<string>? stopTexts = null)
    {
        ChatTemplate template = CompileFor(templateSource);
        string[] ends = tokenizer.SpecialTokens.TryGetValue("eos_token", out string? eos) ? [eos] : [];
        var options = new PromptOptions
        {
            SpecialTokens = tokenizer.SpecialTokens,
            StopTexts = stopTexts ?? ends,
            PrimeCall = format.PrimeCall,
            ThoughtClose = format.ThoughtClose,
            Replay = new ReplayMemory(),
        };
        return new PromptBuilder(template, new HfTextEncoder(tokenizer.Tokenizer), options, log);
    }

    /// <summary>The prompt of a request.</summary>
    /// <exception cref="PromptException">The template refuses the conversation in every form.</exception>
    public ChatPrompt Build(ChatRequest request)
    {
        PromptRenderer.Result result = _renderer.Render(request);
        RenderedText text = result.Input.AsksForAnswer ? result.Text : CutForContinuation(result);
        int tailStart = EndOfMarks(text);
        bool reasoning = result.Input.AsksForAnswer && ReasoningTail.IsOpen(text.Text.AsSpan(tailStart));
        string primed = result.Input.AsksForAnswer ? PrimeOf(request) : "";
        if (primed.Length > 0)
        {
            string closing = reasoning ? ClosingOf(text.Text) : "";
            text = text with { Text = text.Text + closing + primed };
            reasoning = false;
        }

        var assembler = new PromptAssembler(text, _encoder, _options, Capabilities.TurnEnd);
        assembler.Assemble(result.Input.Messages);
        List<(int Tokens, string Name)> checkpoints = Checkpoints(assembler, result, text);
        return new ChatPrompt
        {
            Tokens = [.. assembler.Ids],
            Checkpoints = [.. checkpoints.Select(c => c.Tokens)],
            CheckpointNames = [.. checkpoints.Select(c => c.Name)],
            ReasoningOpen = reasoning,
            Primed = primed,
            Scaffold = text.Text[tailStart..],
        };
    }

    /// <summary>The length of the prompt in tokens.</summary>
    /// <inheritdoc cref="Build" path="/exception"/>
    public int CountTokens(ChatRequest request) => Build(request).Tokens.Length;

    /// <summary>The text of the prompt and where it comes from, for people who look inside.</summary>
    /// <inheritdoc cref="Build" path="/exception"/>
    public RenderedText Render(ChatRequest request) => _renderer.Render(request).Text;

    private static ChatTemplate CompileFor(string source)
    {
        // Templates written for llama.cpp change lists and read JSON, which transformers' sandbox forbids.
        bool extended = source.Contains("from_json", StringComparison.Ordinal)
            || source.Contains(".append(", StringComparison.Ordinal);
        return ChatTemplate.Compile(source, extended ? TemplateDialect.Extended : TemplateDialect.HuggingFace);
    }

    private string PrimeOf(ChatRequest request)
    {
        if (request.Tools.Count == 0)
            return "";
        return request.ToolChoice.Kind switch
        {
            ToolChoiceKind.Named => _options.PrimeCall(request.ToolChoice.Name),
            ToolChoiceKind.Any => _options.PrimeCall(request.Tools.Count == 1 ? request.Tools[0].Name : null),
            _ => "",
        };
    }

    private string ClosingOf(string text) => _options.ThoughtClose.Length == 0
        ? ""
        : (text.EndsWith('\n') ? "\n" : "\n\n") + _options.ThoughtClose + "\n\n";

    /// <summary>The text up to the end of the last message's own text.</summary>
    private static RenderedText CutForContinuation(PromptRenderer.Result result)
    {
        int origin = TextOrigin.Message(result.Input.Messages.Count - 1);
        int end = result.Text.Text.Length;
        for (int i = result.Text.Marked.Count - 1; i >= 0; i--)
        {
            if (result.Text.Marked[i].Origin != origin)
                continue;
            end = result.Text.Marked[i].End;
            break;
        }

        return new RenderedText(result.Text.Text[..end], [.. result.Text.Marked.Where(span => span.End <= end)]);
    }

    private static int EndOfMarks(RenderedText text) => text.Marked.Count == 0 ? 0 : text.Marked[^1].End;

    private static List<(int Tokens, string Name)> Checkpoints(
        PromptAssembler assembler, PromptRenderer.Result result, RenderedText text)
    {
        var places = new List<(int Position, string Name)>();
        IReadOnlyList<PromptMessage> messages = result.Input.Messages;
        int tools = EndOf(text, TextOrigin.Tools);
        if (tools > 0)
            places.Add((tools, "tools"));
        if (messages[0].Role == ChatRole.System)
            places.Add((EndOf(text, TextOrigin.Message(0)), "system"));
        int reported = 0;
        for (int i = messages.Count - 1; i >= 1 && reported < MessageCheckpoints; i--)
        {
            if (messages[i].Role != ChatRole.Assistant)
                continue;
            places.Add((EndOf(text, TextOrigin.Message(i - 1)), $"message {i - 1}"));
            reported++;
        }

        places.Add((Math.Min(result.HistoryLength, text.Text.Length), "history"));
        var checkpoints = new List<(int Tokens, string Name)>();
        foreach ((int position, string name) in places.OrderBy(place => place.Position))
        {
            int tokens = position <= 0 ? -1 : assembler.TokensAt(position);
            int least = checkpoints.Count == 0 ? 0 : checkpoints[^1].Tokens;
            if (tokens > least && tokens < assembler.Ids.Count)
                checkpoints.Add((tokens, name));
        }

        return checkpoints;
    }

    private static int EndOf(RenderedText text, int origin)
    {
        int end = -1;
        foreach (TextSpan span in text.Marked)
        {
            if (span.Origin == origin)
                end = span.End;
        }

        return end;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Chat template: {Capabilities}")]
    private static partial void LogCapabilities(ILogger log, TemplateCapabilities capabilities);
}
