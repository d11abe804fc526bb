using System.Text.Json;

namespace FastMlx.Chat.Templates;

/// <summary>
/// A model's chat template: Jinja as transformers runs it (trim_blocks, lstrip_blocks, the generation tag, loop
/// controls, an immutable sandbox). Compiled once; rendering may happen on any number of threads at once. Templates are
/// untrusted: they see plain data, and their fuel, output, nesting and time are limited.
/// </summary>
public sealed class ChatTemplate
{
    private readonly Statement[] _body;
    private readonly FunctionScope _function = new(null);
    private readonly ScopeEntry[] _entries;
    private readonly TemplateLimits _limits;

    private ChatTemplate(string source, TemplateDialect dialect, TemplateLimits limits)
    {
        Source = source;
        Dialect = dialect;
        _limits = limits;
        if (source.Length > limits.SourceChars)
            throw TemplateException.Limit($"the template is longer than {limits.SourceChars} characters");
        _body = new StatementParser(Lexer.Tokenize(source, limits.NestingDepth), limits).ParseTemplate();
        _entries = Bind();
    }

    public string Source { get; }

    public TemplateDialect Dialect { get; }

    /// <exception cref="TemplateException">The source is not a template that can be run.</exception>
    public static ChatTemplate Compile(
        string source, TemplateDialect dialect = TemplateDialect.HuggingFace, TemplateLimits? limits = null) =>
        new(source, dialect, limits ?? TemplateLimits.Default);

    /// <summary>
    /// Renders with the members of a JSON object as variables. Strings of `messages`, `tools` and `documents` are
    /// marked as the request's, all others count as the template's own.
    /// </summary>
    /// <exception cref="TemplateException">The template refused, failed, or used up a limit.</exception>
    public RenderedText Render(JsonElement variables, TimeProvider? time = null)
    {
        var values = new DictionaryValue();
        foreach (JsonProperty variable in variables.EnumerateObject())
            values.Set(variable.Name, ReadVariable(variable));
        return Render(values, time ?? TimeProvider.System);
    }

    internal RenderedText Render(DictionaryValue variables, TimeProvider time)
    {
        var run = new Evaluation(variables, Dialect, _limits, time);
        var frame = new Frame(run, _function.Slots, null);
        var output = new TextBuilder(run.Budget);
        ScopeEntry.Run(_entries, frame);
        Statement.ExecuteAll(_body, frame, output);
        return output.ToRendered();
    }

    private static Value ReadVariable(JsonProperty variable)
    {
        switch (variable.Name)
        {
            case "messages" when variable.Value.ValueKind == JsonValueKind.Array:
                var messages = new List<Value>();
                foreach (JsonElement message in variable.Value.EnumerateArray())
                    messages.Add(JsonValues.Read(message, TextOrigin.Message(messages.Count)));
                return new ListValue(messages);
            case "tools":
                return JsonValues.Read(variable.Value, TextOrigin.Tools);
            case "documents":
                return JsonValues.Read(variable.Value, TextOrigin.Other);
            default:
                return JsonValues.Read(variable.Value, TextOrigin.Template);
        }
    }

    private ScopeEntry[] Bind()
    {
        bool hasBlocks = false;
        foreach (Statement statement in _body)
            Look(statement);
        var scope = new NameScope(_function, null);
        foreach (Statement statement in _body)
            statement.CollectNames(scope);
        var context = new BindContext(scope, Dialect, IsTopLevel: true, hasBlocks, IsSoft: false, LoopDepth: 0);
        foreach (Statement statement in _body)
            statement.Bind(context);
        return scope.Entries();

        void Look(Node node)
        {
            hasBlocks |= node is BlockStatement;
            if (!hasBlocks)
                node.VisitChildren(Look);
        }
    }
}
