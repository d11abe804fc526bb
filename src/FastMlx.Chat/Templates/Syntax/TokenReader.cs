using System.Diagnostics.CodeAnalysis;

namespace FastMlx.Chat.Templates;

/// <summary>The parser's place in the tokens, and its bound on nesting.</summary>
internal sealed class TokenReader(List<Token> tokens, TemplateLimits limits)
{
    /// <summary>Operators in a row nest their operands to the left; evaluating them costs stack.</summary>
    private const int MaxExpressionDepth = 300;

    private int _at;
    private int _depth;

    public Token Current => tokens[_at];

    public Token Ahead => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public Token Next()
    {
        Token token = tokens[_at];
        if (_at < tokens.Count - 1)
            _at++;
        return token;
    }

    public bool SkipName(string name)
    {
        if (!Current.IsName(name))
            return false;
        Next();
        return true;
    }

    public bool SkipOperator(string symbol)
    {
        if (!Current.IsOperator(symbol))
            return false;
        Next();
        return true;
    }

    public Token Expect(TokenKind kind)
    {
        if (Current.Kind != kind)
            Fail($"expected token '{Describe(kind)}', got '{Current}'");
        return Next();
    }

    public Token ExpectOperator(string symbol)
    {
        if (!Current.IsOperator(symbol))
            Fail($"expected token '{symbol}', got '{Current}'");
        return Next();
    }

    public Token ExpectName(string name)
    {
        if (!Current.IsName(name))
            Fail($"expected token '{name}', got '{Current}'");
        return Next();
    }

    public void Enter()
    {
        if (++_depth > limits.NestingDepth)
            throw new TemplateException(TemplateErrorKind.Limit, "the template is nested too deeply", Current.Line);
    }

    public void Leave() => _depth--;

    public T Bounded<T>(T expression)
        where T : Expression
    {
        if (expression.Depth > MaxExpressionDepth)
            throw new TemplateException(TemplateErrorKind.Limit, "an expression is too long", Current.Line);
        return expression;
    }

    [DoesNotReturn]
    public void Fail(string message) =>
        throw new TemplateException(TemplateErrorKind.Syntax, message, Current.Line);

    private static string Describe(TokenKind kind) => kind switch
    {
        TokenKind.BlockEnd => "end of statement block",
        TokenKind.VariableEnd => "end of print statement",
        TokenKind.Name => "name",
        _ => kind.ToString(),
    };
}
