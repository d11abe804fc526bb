using System.Buffers.Binary;
using System.Security.Cryptography;
using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Chat.Tokenization;
using FastMlx.Configuration;
using FastMlx.Engine;
using FastMlx.Hub;

namespace FastMlx.Composition;

/// <summary>A model that answers: its folder, its text room and its engine. Immutable; any thread.</summary>
internal sealed class LoadedModel : IAsyncDisposable
{
    private readonly ServerOptions _options;
    private readonly SamplingDefaults _sampling;
    private readonly int[] _stopTokens;
    private readonly IReadOnlySet<int> _skipped;

    public LoadedModel(
        ServerOptions options,
        string name,
        ModelConfig config,
        TokenizerFolder tokenizer,
        PromptBuilder prompts,
        OutputFormat format,
        EngineLoop generator)
    {
        _options = options;
        _sampling = new SamplingDefaults(options, config.Generation);
        _stopTokens = StopTokens.Of(options, config, tokenizer);
        _skipped = AnswerText.Skipped(tokenizer.Tokenizer, format);
        Name = name;
        Tokenizer = tokenizer;
        Prompts = prompts;
        Format = format;
        Generator = generator;
    }

    public string Name { get; }

    public TokenizerFolder Tokenizer { get; }

    public PromptBuilder Prompts { get; }

    public OutputFormat Format { get; }

    public EngineLoop Generator { get; }

    /// <summary>What `serve` says about this model before anything else.</summary>
    public IReadOnlyList<string> Greeting { get; init; } = [];

    public bool CanThink => Format.ThoughtClose.Length > 0;

    /// <param name="chat">The conversation; its limits and sampling.</param>
    /// <param name="prompt">The same as tokens.</param>
    /// <param name="room">Tokens that fit into the context after the prompt, at least 1.</param>
    /// <param name="lane">The request's class.</param>
    /// <param name="session">Names the conversation, or null.</param>
    public GenerationRequest Request(ChatRequest chat, ChatPrompt prompt, int room, Lane lane, string? session) => new()
    {
        Prompt = prompt.Tokens,
        MaxTokens = Math.Clamp(chat.MaxTokens ?? _options.DefaultMaxTokens, 1, room),
        Sampling = _sampling.Complete(chat.Sampling, FreshSeed()),
        StopTokens = _stopTokens,
        Checkpoints = prompt.Checkpoints,
        Lane = lane,
        Session = session,
    };

    public OutputDecoder CreateDecoder(ChatRequest chat, ChatPrompt prompt) => new(
        new AnswerText(Tokenizer.Tokenizer, _skipped),
        new OutputOptions
        {
            Format = Format,
            Tools = ToolSchemas.Compile(chat.Tools),
            Calls = new CallPolicy { CountMax = CallsWanted(chat) },
            StopSequences = chat.StopSequences,
            IsThinking = prompt.ReasoningOpen,
            ShowsThinking = chat.Thinking.Enabled,
            ThinkingTokensMax = chat.Thinking.BudgetTokens,
            Primed = prompt.Primed,
        });

    public ValueTask DisposeAsync() => Generator.DisposeAsync();

    private static int CallsWanted(ChatRequest chat) =>
        chat.ToolChoice.Kind == ToolChoiceKind.None ? 0 : chat.ParallelToolCalls ? int.MaxValue : 1;

    private static ulong FreshSeed()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}
