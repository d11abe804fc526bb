using System.Buffers.Binary;
using System.Security.Cryptography;
using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Chat.Tokenization;
using FastMlx.Configuration;
using FastMlx.Engine;
using FastMlx.Hub;

namespace FastMlx.Composition.Models;

/// <summary>
/// What a model reads and writes: its names, tokenizer, template, syntax of calls. It stays when the weights go, so
/// that tokens can be counted, prompts be refused and answers be remembered without them. Immutable; any thread.
/// </summary>
internal sealed class ModelText
{
    private readonly ServerOptions _options;
    private readonly SamplingDefaults _sampling;
    private readonly int[] _stopTokens;
    private readonly float? _repetitionPenalty;
    private readonly OutputTokens _outputTokens;

    public ModelText(
        ServerOptions options,
        string name,
        GenerationDefaults defaults,
        int[] stopTokens,
        TokenizerFolder tokenizer,
        PromptBuilder prompts,
        OutputFormat format)
    {
        _options = options;
        _sampling = new SamplingDefaults(options, defaults);
        _stopTokens = stopTokens;
        _repetitionPenalty = defaults.RepetitionPenalty;
        _outputTokens = new OutputTokens(tokenizer.Tokenizer, format);
        Name = name;
        Tokenizer = tokenizer;
        Prompts = prompts;
        Format = format;
    }

    public string Name { get; }

    public TokenizerFolder Tokenizer { get; }

    public PromptBuilder Prompts { get; }

    public OutputFormat Format { get; }

    /// <summary>The model's own stop tokens.</summary>
    public int[] EndTokens => _stopTokens;

    public bool CanThink => CanEndThinking;

    /// <summary>The format has a tag that ends reasoning.</summary>
    public bool CanEndThinking => Format.ThoughtClose.Length > 0;

    /// <param name="request">The conversation; its limits and sampling.</param>
    /// <param name="prompt">The same as tokens.</param>
    /// <param name="room">Tokens that fit into the context after the prompt, at least 1.</param>
    public GenerationRequest Request(AnswerRequest request, ChatPrompt prompt, int room) =>
        Request(request.Chat.Sampling, request.Chat.MaxTokens, prompt.Tokens, room) with
        {
            StopTokens = StopTokens(request.Chat.Sampling, request.IgnoresEnd),
            Logprobs = request.Logprobs ?? -1,
            Checkpoints = prompt.Checkpoints,
            Lane = request.Lane,
            Partition = request.Partition,
            Session = request.Session,
        };

    /// <summary>The same for tokens that are no conversation.</summary>
    public GenerationRequest Request(SamplingOptions sampling, int? maxTokens, int[] prompt, int room) => new()
    {
        Prompt = prompt,
        // One more than fits: then it is the context that ends the answer, not the limit, and so it is said.
        MaxTokens = Math.Clamp(maxTokens ?? _options.DefaultMaxTokens, 1, room + 1),
        Sampling = _sampling.Complete(sampling, FreshSeed()),
        Adjust = Adjustments.Of(sampling, _repetitionPenalty),
        StopTokens = StopTokens(sampling, ignoresEnd: false),
    };

    /// <summary>The model's own, unless the request wants none of them, and the request's.</summary>
    public int[] StopTokens(SamplingOptions sampling, bool ignoresEnd) =>
        sampling.StopTokens.Count == 0 ? ignoresEnd ? [] : _stopTokens
        : ignoresEnd ? [.. sampling.StopTokens] : [.. _stopTokens, .. sampling.StopTokens];

    /// <summary>
    /// Most tokens of reasoning, 0 for no limit: what was asked for, else what an effort means to a template that has
    /// no word for it.
    /// </summary>
    public int ThinkingBudget(ThinkingOptions thinking) =>
        !thinking.Enabled ? 0
        : thinking.BudgetTokens > 0 || Prompts.Capabilities.Efforts.Count > 0 ? thinking.BudgetTokens
        : thinking.Effort switch
        {
            "minimal" or "low" => 1024,
            "medium" => 4096,
            "high" => 16384,
            _ => 0,
        };

    public OutputDecoder CreateDecoder(AnswerRequest request, ChatPrompt prompt)
    {
        ChatRequest chat = request.Chat;
        return new OutputDecoder(_outputTokens.CreateDecoder(), new OutputOptions
        {
            Format = Format,
            Tools = ToolSchemas.Compile([.. chat.Tools.Where(tool => !request.RemovedTools.Contains(tool.Name))]),
            Calls = new CallPolicy { CountMax = CallsWanted(chat) },
            StopSequences = chat.StopSequences,
            IsThinking = prompt.ReasoningOpen,
            ShowsThinking = chat.Thinking.Enabled,
            ThinkingTokensMax = ThinkingBudget(chat.Thinking),
            Primed = prompt.Primed,
        });
    }

    /// <summary>Reads a completion: every token is text but for special ones.</summary>
    public OutputDecoder CreateRawDecoder(IReadOnlyList<string> stopSequences) => new(
        new RawText(Tokenizer.Tokenizer),
        new OutputOptions { Format = OutputFormat.Raw, StopSequences = stopSequences });

    /// <summary>Tokens of text in which control tokens count.</summary>
    public List<int> EncodeMarkup(string text)
    {
        List<int> tokens = [];
        Tokenizer.Tokenizer.Encode(text, parseSpecial: true, tokens);
        return tokens;
    }

    private static int CallsWanted(ChatRequest chat) =>
        chat.ToolChoice.Kind == ToolChoiceKind.None ? 0 : chat.ParallelToolCalls ? int.MaxValue : 1;

    private static ulong FreshSeed()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}
