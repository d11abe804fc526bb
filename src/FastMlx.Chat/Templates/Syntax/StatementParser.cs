namespace FastMlx.Chat.Templates;

/// <summary>Template text and the statements between {% and %}.</summary>
internal sealed class StatementParser
{
    private readonly TokenReader _reader;
    private readonly ExpressionParser _expressions;

    public StatementParser(List<Token> tokens, TemplateLimits limits)
    {
        _reader = new TokenReader(tokens, limits);
        _expressions = new ExpressionParser(_reader);
    }

    public Statement[] ParseTemplate() => ParseBody([]);

    /// <summary>Reads until a block begins with one of the end words, which stays the current token.</summary>
    private Statement[] ParseBody(string[] ends)
    {
        var body = new List<Statement>();
        var output = new List<Expression>();
        while (_reader.Current.Kind != TokenKind.End)
        {
            Token token = _reader.Next();
            if (token.Kind == TokenKind.Data)
            {
                output.Add(new ConstantExpression(new StringValue(token.Text)) { Line = token.Line });
            }
            else if (token.Kind == TokenKind.VariableBegin)
            {
                output.Add(_expressions.ParseTuple());
                _reader.Expect(TokenKind.VariableEnd);
            }
            else
            {
                Flush();
                if (_reader.Current.Kind == TokenKind.Name && ends.Contains(_reader.Current.Text))
                    return [.. body];
                body.Add(ParseStatement());
                _reader.Expect(TokenKind.BlockEnd);
            }
        }

        Flush();
        if (ends.Length > 0)
        {
            string expected = string.Join(" or ", ends);
            _reader.Fail($"Unexpected end of template. Jinja was looking for the following tags: {expected}");
        }

        return [.. body];

        void Flush()
        {
            if (output.Count > 0)
                body.Add(new OutputStatement([.. output]) { Line = output[0].Line });
            output.Clear();
        }
    }

    private Statement ParseStatement()
    {
        Token token = _reader.Current;
        if (token.Kind != TokenKind.Name)
            _reader.Fail("tag name expected");
        _reader.Next();
        _reader.Enter();
        Statement statement = token.Text switch
        {
            "for" => ParseFor(token.Line),
            "if" => ParseIf(token.Line),
            "set" => ParseSet(token.Line),
            "macro" => ParseMacro(token.Line),
            "call" => ParseCallBlock(token.Line),
            "filter" => ParseFilterBlock(token.Line),
            "with" => ParseWith(token.Line),
            "block" => ParseBlock(token.Line),
            "print" => ParsePrint(token.Line),
            "autoescape" => ParseAutoescape(token.Line),
            "generation" => new GenerationStatement(
                new MacroDefinition(null, [], ParseInner("endgeneration"), token.Line))
            { Line = token.Line },
            "break" => new JumpStatement(Flow.Break) { Line = token.Line },
            "continue" => new JumpStatement(Flow.Continue) { Line = token.Line },
            "include" or "import" or "from" or "extends" => ParseLoader(token),
            _ => Unknown(token),
        };
        _reader.Leave();
        return statement;
    }

    private Statement Unknown(Token token)
    {
        _reader.Fail($"Encountered unknown tag '{token.Text}'.");
        return null!;
    }

    /// <summary>A body up to its end word, which is read too.</summary>
    private Statement[] ParseInner(params string[] ends)
    {
        Statement[] body = ParseUntil(ends);
        _reader.Next();
        return body;
    }

    private Statement[] ParseUntil(params string[] ends)
    {
        _reader.SkipOperator(":");
        _reader.Expect(TokenKind.BlockEnd);
        return ParseBody(ends);
    }

    private ForStatement ParseFor(int line)
    {
        Target target = ParseTarget("in");
        _reader.ExpectName("in");
        Expression iterable = _expressions.ParseTuple(withConditional: false, endName: "recursive");
        Expression? test = _reader.SkipName("if") ? _expressions.Parse() : null;
        bool recursive = _reader.SkipName("recursive");
        Statement[] body = ParseUntil("endfor", "else");
        Statement[] otherwise = _reader.Next().Text == "endfor" ? [] : ParseInner("endfor");
        return new ForStatement(target, iterable, test, recursive, body, otherwise) { Line = line };
    }

    private IfStatement ParseIf(int line)
    {
        var tests = new List<Expression>();
        var bodies = new List<Statement[]>();
        Statement[] otherwise = [];
        while (true)
        {
            tests.Add(_expressions.ParseTuple(withConditional: false));
            bodies.Add(ParseUntil("elif", "else", "endif"));
            string word = _reader.Next().Text;
            if (word == "elif")
                continue;
            if (word == "else")
                otherwise = ParseInner("endif");
            return new IfStatement([.. tests], [.. bodies], otherwise) { Line = line };
        }
    }

    private Statement ParseSet(int line)
    {
        Target target = ParseTarget(null, withNamespace: true);
        if (_reader.SkipOperator("="))
            return new SetStatement(target, _expressions.ParseTuple()) { Line = line };
        FilterExpression? filter = _reader.Current.IsOperator("|")
            ? _expressions.ParseFilters(null, firstIsRead: false)
            : null;
        return new SetBlockStatement(target, filter, ParseInner("endset")) { Line = line };
    }

    private MacroStatement ParseMacro(int line)
    {
        string name = _reader.Expect(TokenKind.Name).Text;
        MacroParameter[] parameters = ParseParameters();
        var definition = new MacroDefinition(name, parameters, ParseInner("endmacro"), line);
        return new MacroStatement(new NameTarget(name) { Line = line }, definition) { Line = line };
    }

    private CallBlockStatement ParseCallBlock(int line)
    {
        MacroParameter[] parameters = _reader.Current.IsOperator("(") ? ParseParameters() : [];
        if (_expressions.Parse() is not CallExpression call)
        {
            _reader.Fail("expected call");
            return null!;
        }

        var body = new MacroDefinition(null, parameters, ParseInner("endcall"), line);
        return new CallBlockStatement(call, body) { Line = line };
    }

    private FilterBlockStatement ParseFilterBlock(int line)
    {
        FilterExpression filter = _expressions.ParseFilters(null, firstIsRead: true);
        return new FilterBlockStatement(filter, ParseInner("endfilter")) { Line = line };
    }

    private WithStatement ParseWith(int line)
    {
        var targets = new List<Target>();
        var values = new List<Expression>();
        while (_reader.Current.Kind != TokenKind.BlockEnd)
        {
            if (targets.Count > 0)
                _reader.ExpectOperator(",");
            targets.Add(ParseTarget(null));
            _reader.ExpectOperator("=");
            values.Add(_expressions.Parse());
        }

        return new WithStatement([.. targets], [.. values], ParseInner("endwith")) { Line = line };
    }

    private WithStatement ParseAutoescape(int line)
    {
        Expression option = _expressions.Parse();
        if (option is not ConstantExpression { Value: BooleanValue { Value: false } })
            throw new TemplateException(TemplateErrorKind.Unsupported, "autoescape can only be switched off", line);
        return new WithStatement([], [], ParseInner("endautoescape")) { Line = line };
    }

    private BlockStatement ParseBlock(int line)
    {
        string name = _reader.Expect(TokenKind.Name).Text;
        _reader.SkipName("scoped");
        _reader.SkipName("required");
        Statement[] body = ParseInner("endblock");
        _reader.SkipName(name);
        return new BlockStatement(name, body) { Line = line };
    }

    private OutputStatement ParsePrint(int line)
    {
        var parts = new List<Expression>();
        while (_reader.Current.Kind != TokenKind.BlockEnd)
        {
            if (parts.Count > 0)
                _reader.ExpectOperator(",");
            parts.Add(_expressions.Parse());
        }

        return new OutputStatement([.. parts]) { Line = line };
    }

    private LoaderStatement ParseLoader(Token keyword)
    {
        var names = new List<string>();
        while (_reader.Current.Kind is not (TokenKind.BlockEnd or TokenKind.End))
        {
            Token token = _reader.Next();
            if (token.Kind == TokenKind.Name && token.Text is not ("import" or "as" or "with" or "without" or "context"
                or "ignore" or "missing"))
                names.Add(token.Text);
        }

        return new LoaderStatement(keyword.Text is "import" or "from" ? [.. names] : []) { Line = keyword.Line };
    }

    private MacroParameter[] ParseParameters()
    {
        _reader.ExpectOperator("(");
        var parameters = new List<MacroParameter>();
        while (!_reader.Current.IsOperator(")"))
        {
            if (parameters.Count > 0)
                _reader.ExpectOperator(",");
            string name = _reader.Expect(TokenKind.Name).Text;
            if (parameters.Exists(p => p.Name == name))
                _reader.Fail($"duplicate argument '{name}' in function definition");
            Expression? otherwise = null;
            if (_reader.SkipOperator("="))
                otherwise = _expressions.Parse();
            else if (parameters.Count > 0 && parameters[^1].Default is not null)
                _reader.Fail("non-default argument follows default argument");
            parameters.Add(new MacroParameter(name, otherwise));
        }

        _reader.ExpectOperator(")");
        return [.. parameters];
    }

    /// <summary>Names, or tuples of them; `ns.name` where the statement allows it.</summary>
    private Target ParseTarget(string? endName, bool withNamespace = false)
    {
        int line = _reader.Current.Line;
        var items = new List<Target>();
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
                _reader.ExpectOperator(",");
            Token token = _reader.Current;
            bool ends = token.Kind is TokenKind.BlockEnd or TokenKind.VariableEnd || token.IsOperator(")")
                || token.IsOperator("=") || (endName is not null && token.IsName(endName));
            if (ends)
                break;
            items.Add(ParseSingleTarget(withNamespace));
            if (!_reader.Current.IsOperator(","))
                break;
            isTuple = true;
        }

        if (!isTuple && items.Count == 1)
            return items[0];
        if (items.Count == 0)
            _reader.Fail($"Expected an expression, got '{_reader.Current}'");
        return new TupleTarget([.. items]) { Line = line };
    }

    private Target ParseSingleTarget(bool withNamespace)
    {
        Token token = _reader.Current;
        if (_reader.SkipOperator("("))
        {
            _reader.Enter();
            Target inner = ParseTarget(null, withNamespace);
            _reader.Leave();
            _reader.ExpectOperator(")");
            return inner;
        }

        if (token.Kind != TokenKind.Name || token.Text is "true" or "false" or "none" or "True" or "False" or "None")
            _reader.Fail($"can't assign to '{token}'");
        _reader.Next();
        if (withNamespace && _reader.SkipOperator("."))
        {
            string attribute = _reader.Expect(TokenKind.Name).Text;
            return new NamespaceTarget(new NameExpression(token.Text) { Line = token.Line }, attribute)
            {
                Line = token.Line,
            };
        }

        return new NameTarget(token.Text) { Line = token.Line };
    }
}
