using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// How a family of models writes reasoning, text and tool calls: the markers, what each does, and who reads the calls.
/// Immutable, shared by all generations. Choose one with <see cref="Choose"/> or <see cref="Find"/>.
/// </summary>
public sealed class OutputFormat
{
    private static readonly string[] TurnMarkers =
    [
        "<|im_end|>", "<|im_start|>assistant", "<|im_start|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>",
        "<|end_of_text|>",
    ];

    private static readonly ThoughtTags Think = new("<think>", "</think>");

    private readonly Lazy<MarkerSet> _content;
    private readonly Lazy<MarkerSet> _thought;
    private readonly Lazy<MarkerSet> _stopSet;
    private readonly Lazy<IReadOnlyList<byte[]>> _stops;

    internal OutputFormat(string name)
    {
        Name = name;
        _content = new(() => new MarkerSet(ContentMarkers()));
        _thought = new(() => new MarkerSet(ThoughtMarkers()));
        _stops = new(() => [.. StopTexts().Select(Encoding.UTF8.GetBytes)]);
        _stopSet = new(() => new MarkerSet([.. StopTexts().Select(text => new Marker(text, MarkerKind.Noise))]));
    }

    /// <summary>No format at all: every byte is text. For completions of raw text.</summary>
    public static OutputFormat Raw { get; } = new("raw") { Channels = (session, _) => RawMachine.RunAsync(session) };

    /// <summary>The name by which options and debugging verbs know it.</summary>
    public string Name { get; }

    /// <summary>The tag that ends reasoning, for a server that must force it; empty where there is none.</summary>
    public string ThoughtClose => Channels is null ? Thoughts[0].Close : "";

    /// <summary>The tags of reasoning, the family's own first; the common ones are known to all.</summary>
    internal IReadOnlyList<ThoughtTags> Thoughts
    {
        get;
        init => field = value.Any(tags => tags.Open == Think.Open) ? value : [.. value, Think];
    } = [Think];

    /// <summary>Markers that calls begin with.</summary>
    internal IReadOnlyList<Marker> Calls { get; init; } = [];

    internal IReadOnlyList<string> Noise { get; init; } = [];

    internal IReadOnlyList<string> Wrappers { get; init; } = [];

    /// <summary>
    /// A call that was only thought stays in the reasoning as the model wrote it. Otherwise its markup is cut out: it
    /// would enter history and teach the model.
    /// </summary>
    internal bool KeepsThoughtCalls { get; init; }

    /// <summary>White space between a call and text behind it belongs to the text.</summary>
    internal bool KeepsSpaceAfterCalls { get; init; }

    /// <summary>Reads a format that is no text with markers in it, but messages in channels.</summary>
    internal Func<OutputSession, bool, Flow<bool>>? Channels { get; init; }

    /// <summary>Where text before this marker is only the tool's name again.</summary>
    internal Marker? NameBefore { get; init; }

    /// <summary>The opening text of a call; its second part is used where the tool is named.</summary>
    internal Func<string?, string> Prime { get; init; } = _ => "";

    internal MarkerSet ContentSet => _content.Value;

    internal MarkerSet ThoughtSet => _thought.Value;

    internal IReadOnlyList<byte[]> Stops => _stops.Value;

    internal MarkerSet StopSet => _stopSet.Value;

    /// <summary>
    /// The format of a model, by its template's text and its tokenizer's added tokens; <paramref name="overrideName"/>
    /// (an option) decides where it names one. Never fails: what nothing points to is read as hermes_json, which finds
    /// bare JSON calls too. An unknown name throws <see cref="ArgumentException"/>.
    /// </summary>
    public static OutputFormat Choose(string templateText, IReadOnlySet<string> addedTokens, string? overrideName)
    {
        if (string.IsNullOrEmpty(overrideName) || overrideName == "auto")
            return FormatTable.Choose(templateText, addedTokens);
        return Find(overrideName) ?? throw new ArgumentException($"There is no output format '{overrideName}'.");
    }

    /// <summary>A format by its name or by mlx-lm's name of its parser; null where there is none.</summary>
    public static OutputFormat? Find(string name) => FormatTable.Find(name);

    public static IEnumerable<string> Names => FormatTable.Names;

    /// <summary>
    /// The opening text of a forced call, of one tool or of any (null). The prompt ends with it and the parser is fed
    /// it first. Empty where the format has no such text.
    /// </summary>
    public string PrimeCall(string? toolName) => Prime(toolName);

    /// <summary>The prompt's end has opened reasoning that the answer begins inside.</summary>
    public bool OpensThought(string promptTail)
    {
        string tail = promptTail.TrimEnd();
        return Thoughts.Any(tags => tail.EndsWith(tags.Open, StringComparison.Ordinal));
    }

    /// <summary>
    /// The parser must see this added token's text even where special tokens are left out, because it is one of the
    /// format's markers or a part of one.
    /// </summary>
    public bool NeedsToken(string content)
    {
        foreach (Marker marker in ContentSet.Markers.Concat(ThoughtSet.Markers))
        {
            if (marker.Text.Contains(content, StringComparison.Ordinal)
                || (marker.Text.Length > 2 && content.Contains(marker.Text, StringComparison.Ordinal)))
                return true;
        }
        return Extra.Any(token => token.Contains(content, StringComparison.Ordinal));
    }

    /// <summary>Further tokens of the syntax that are no markers of the text.</summary>
    internal IReadOnlyList<string> Extra { get; init; } = [];

    private List<Marker> ContentMarkers()
    {
        List<Marker> markers = [.. Calls];
        foreach (ThoughtTags tags in Thoughts)
        {
            markers.Add(new Marker(tags.Open, MarkerKind.OpenThought) { Place = tags.Place });
            if (tags.Place == MarkerPlace.Anywhere)
                markers.Add(new Marker(tags.Close, tags.IsCloseShared ? MarkerKind.Noise : MarkerKind.CloseThought));
        }
        markers.AddRange(Noise.Concat(TurnMarkers).Select(text => new Marker(text, MarkerKind.Noise)));
        markers.AddRange(Wrappers.Select(text => new Marker(text, MarkerKind.Wrapper)));
        return Distinct(markers);
    }

    private List<Marker> ThoughtMarkers()
    {
        List<Marker> markers = [.. Calls.Where(marker => marker.Kind == MarkerKind.Call || marker.Text.Length > 3)
            .Where(marker => marker.Place == MarkerPlace.Anywhere)];
        foreach (ThoughtTags tags in Thoughts)
        {
            markers.Add(new Marker(tags.Close, MarkerKind.CloseThought));
            if (tags.Place == MarkerPlace.Anywhere)
                markers.Add(new Marker(tags.Open, MarkerKind.OpenThought));
        }
        markers.AddRange(Noise.Concat(TurnMarkers).Concat(Wrappers).Select(text => new Marker(text, MarkerKind.Noise)));
        return Distinct(markers);
    }

    private IEnumerable<string> StopTexts() =>
        Calls.Where(marker => marker.Kind == MarkerKind.Call).Select(marker => marker.Text)
            .Concat(Noise).Concat(TurnMarkers).Concat(Wrappers).Concat(Extra).Distinct();

    /// <summary>The first marker of each text counts.</summary>
    private static List<Marker> Distinct(List<Marker> markers) =>
        [.. markers.GroupBy(marker => marker.Text).Select(group => group.First())];
}
