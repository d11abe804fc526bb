using System.Globalization;
using System.Numerics;

namespace FastMlx.Chat.Templates;

/// <summary>Expressions, from the loosest operator (if … else) to the tightest.</summary>
internal sealed class ExpressionParser(TokenReader reader)
{
    public Expression Parse(bool withConditional = true)
    {
        reader.Enter();
        Expression expression = withConditional ? Conditional() : Or();
        reader.Leave();
        return expression;
    }

    /// <summary>One expression, or several with commas between as a tuple.</summary>
    public Expression ParseTuple(bool withConditional = true, bool inParentheses = false, string? endName = null)
    {
        int line = reader.Current.Line;
        var items = new List<Expression>();
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
                reader.ExpectOperator(",");
            if (IsTupleEnd(endName))
                break;
            items.Add(Parse(withConditional));
            if (!reader.Current.IsOperator(","))
                break;
            isTuple = true;
        }

        if (!isTuple && items.Count > 0)
            return items[0];
        if (!isTuple && !inParentheses)
            reader.Fail($"Expected an expression, got '{reader.Current}'");
        return reader.Bounded(new TupleExpression([.. items]) { Line = line });
    }

    public CallArguments ParseArguments()
    {
        reader.ExpectOperator("(");
        var positional = new List<Expression>();
        var names = new List<string>();
        var named = new List<Expression>();
        Expression? more = null;
        Expression? moreNamed = null;
        bool first = true;
        while (!reader.Current.IsOperator(")"))
        {
            if (!first)
            {
                reader.ExpectOperator(",");
                if (reader.Current.IsOperator(")"))
                    break;
            }

            first = false;
            if (reader.Current.IsOperator("*") && more is null && moreNamed is null)
            {
                reader.Next();
                more = Parse();
            }
            else if (reader.Current.IsOperator("**") && moreNamed is null)
            {
                reader.Next();
                moreNamed = Parse();
            }
            else if (reader.Current.Kind == TokenKind.Name && reader.Ahead.IsOperator("=") && moreNamed is null)
            {
                names.Add(reader.Next().Text);
                reader.Next();
                named.Add(Parse());
            }
            else if (more is null && moreNamed is null && named.Count == 0)
            {
                positional.Add(Parse());
            }
            else
            {
                reader.Fail("invalid syntax for function call expression");
            }
        }

        reader.ExpectOperator(")");
        return new CallArguments([.. positional], [.. names], [.. named], more, moreNamed);
    }

    /// <summary>`| name(…) | …` after a value; with a null value the first bar is already read.</summary>
    public FilterExpression ParseFilters(Expression? value, bool firstIsRead)
    {
        FilterExpression? filter = null;
        while (firstIsRead || reader.Current.IsOperator("|"))
        {
            if (!firstIsRead)
                reader.Next();
            firstIsRead = false;
            int line = reader.Current.Line;
            string name = DottedName();
            CallArguments arguments = reader.Current.IsOperator("(") ? ParseArguments() : CallArguments.None;
            value = filter = reader.Bounded(new FilterExpression(value, name, arguments, false) { Line = line });
        }

        return filter!;
    }

    public Expression ParsePrimary()
    {
        Token token = reader.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                reader.Next();
                return NameOrConstant(token);
            case TokenKind.Text:
                return TextLiteral();
            case TokenKind.Integer:
                reader.Next();
                if (!Numbers.TryParseInteger(token.Text, 0, out BigInteger whole))
                    reader.Fail($"invalid number '{token.Text}'");
                return new ConstantExpression(IntegerValue.Of(whole)) { Line = token.Line };
            case TokenKind.Float:
                reader.Next();
                string digits = token.Text.Replace("_", "", StringComparison.Ordinal);
                double real = double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture);
                return new ConstantExpression(new FloatValue(real)) { Line = token.Line };
        }

        if (token.IsOperator("("))
        {
            reader.Next();
            Expression inner = ParseTuple(inParentheses: true);
            reader.ExpectOperator(")");
            return inner;
        }

        if (token.IsOperator("["))
            return ListLiteral();
        if (token.IsOperator("{"))
            return DictionaryLiteral();
        reader.Fail($"unexpected '{token}'");
        return null!;
    }

    private bool IsTupleEnd(string? endName)
    {
        Token token = reader.Current;
        return token.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || token.IsOperator(")")
            || (endName is not null && token.IsName(endName));
    }

    private Expression Conditional()
    {
        int line = reader.Current.Line;
        Expression value = Or();
        while (reader.SkipName("if"))
        {
            Expression test = Or();
            Expression? otherwise = null;
            if (reader.SkipName("else"))
                otherwise = Parse();
            value = reader.Bounded(new ConditionalExpression(test, value, otherwise) { Line = line });
            line = reader.Current.Line;
        }

        return value;
    }

    private Expression Or() => Logic("or", true, And);

    private Expression And() => Logic("and", false, Not);

    private Expression Logic(string word, bool stopAt, Func<Expression> operand)
    {
        int line = reader.Current.Line;
        Expression first = operand();
        if (!reader.Current.IsName(word))
            return first;
        var operands = new List<Expression> { first };
        while (reader.SkipName(word))
            operands.Add(operand());
        return reader.Bounded(new LogicExpression(stopAt, [.. operands]) { Line = line });
    }

    private Expression Not()
    {
        if (!reader.Current.IsName("not"))
            return Compare();
        int line = reader.Next().Line;
        reader.Enter();
        var negation = reader.Bounded(new UnaryExpression('!', Not()) { Line = line });
        reader.Leave();
        return negation;
    }

    private Expression Compare()
    {
        int line = reader.Current.Line;
        Expression first = Sum();
        var symbols = new List<string>();
        var others = new List<Expression>();
        while (true)
        {
            Token token = reader.Current;
            if (token.Kind == TokenKind.Operator && token.Text is "==" or "!=" or "<" or "<=" or ">" or ">=")
            {
                symbols.Add(token.Text);
                reader.Next();
            }
            else if (reader.SkipName("in"))
            {
                symbols.Add("in");
            }
            else if (token.IsName("not") && reader.Ahead.IsName("in"))
            {
                reader.Next();
                reader.Next();
                symbols.Add("not in");
            }
            else
            {
                break;
            }

            others.Add(Sum());
        }

        return symbols.Count == 0
            ? first
            : reader.Bounded(new ComparisonExpression(first, [.. symbols], [.. others]) { Line = line });
    }

    private Expression Sum() => LeftBinary(Concat, token => token switch
    {
        "+" => Arithmetic.Add,
        "-" => Arithmetic.Subtract,
        _ => null,
    });

    private Expression Concat()
    {
        int line = reader.Current.Line;
        Expression first = Product();
        if (!reader.Current.IsOperator("~"))
            return first;
        var parts = new List<Expression> { first };
        while (reader.SkipOperator("~"))
            parts.Add(Product());
        return reader.Bounded(new ConcatExpression([.. parts]) { Line = line });
    }

    private Expression Product() => LeftBinary(Power, token => token switch
    {
        "*" => Arithmetic.Multiply,
        "/" => Arithmetic.Divide,
        "//" => Arithmetic.FloorDivide,
        "%" => Arithmetic.Modulo,
        _ => null,
    });

    private Expression Power() =>
        LeftBinary(() => Unary(withFilters: true), token => token == "**" ? Arithmetic.Power : null);

    private Expression LeftBinary(
        Func<Expression> operand, Func<string, Func<Value, Value, Budget, Value>?> operation)
    {
        int line = reader.Current.Line;
        Expression left = operand();
        while (reader.Current.Kind == TokenKind.Operator && operation(reader.Current.Text) is { } apply)
        {
            reader.Next();
            left = reader.Bounded(new BinaryExpression(apply, left, operand()) { Line = line });
            line = reader.Current.Line;
        }

        return left;
    }

    private Expression Unary(bool withFilters)
    {
        Token token = reader.Current;
        Expression expression;
        if (token.IsOperator("-") || token.IsOperator("+"))
        {
            reader.Next();
            reader.Enter();
            expression = reader.Bounded(
                new UnaryExpression(token.Text[0], Unary(withFilters: false)) { Line = token.Line });
            reader.Leave();
        }
        else
        {
            expression = ParsePrimary();
        }

        expression = Postfix(expression);
        return withFilters ? FiltersAndTests(expression) : expression;
    }

    private Expression Postfix(Expression expression)
    {
        while (true)
        {
            Token token = reader.Current;
            if (token.IsOperator("."))
                expression = Dotted(expression);
            else if (token.IsOperator("["))
                expression = Subscript(expression);
            else if (token.IsOperator("("))
                expression = reader.Bounded(new CallExpression(expression, ParseArguments()) { Line = token.Line });
            else
                return expression;
        }
    }

    private Expression FiltersAndTests(Expression expression)
    {
        while (true)
        {
            Token token = reader.Current;
            if (token.IsOperator("|"))
                expression = ParseFilters(expression, firstIsRead: false);
            else if (token.IsName("is"))
                expression = Test(expression);
            else if (token.IsOperator("("))
                expression = reader.Bounded(new CallExpression(expression, ParseArguments()) { Line = token.Line });
            else
                return expression;
        }
    }

    private Expression Test(Expression value)
    {
        int line = reader.Next().Line;
        bool negated = reader.SkipName("not");
        string name = DottedName();
        CallArguments arguments = CallArguments.None;
        Token token = reader.Current;
        if (token.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (BeginsArgument(token))
        {
            if (token.IsName("is"))
                reader.Fail("You cannot chain multiple tests with is");
            reader.Enter();
            arguments = new CallArguments([Postfix(ParsePrimary())], [], [], null, null);
            reader.Leave();
        }

        Expression test = reader.Bounded(new FilterExpression(value, name, arguments, true) { Line = line });
        return negated ? reader.Bounded(new UnaryExpression('!', test) { Line = line }) : test;
    }

    private static bool BeginsArgument(Token token)
    {
        if (token.Kind is TokenKind.Text or TokenKind.Integer or TokenKind.Float)
            return true;
        if (token.Kind == TokenKind.Name)
            return token.Text is not ("else" or "or" or "and");
        return token.IsOperator("[") || token.IsOperator("{");
    }

    private Expression Dotted(Expression owner)
    {
        int line = reader.Next().Line;
        Token name = reader.Next();
        if (name.Kind == TokenKind.Name)
            return reader.Bounded(new AttributeExpression(owner, name.Text) { Line = line });
        if (name.Kind != TokenKind.Integer || !Numbers.TryParseInteger(name.Text, 0, out BigInteger index))
        {
            reader.Fail("expected name or number");
            return owner;
        }

        return reader.Bounded(
            new ItemExpression(owner, new ConstantExpression(IntegerValue.Of(index))) { Line = line });
    }

    private Expression Subscript(Expression owner)
    {
        int line = reader.Next().Line;
        var keys = new List<Expression>();
        Expression? slice = null;
        while (!reader.Current.IsOperator("]"))
        {
            if (keys.Count > 0 || slice is not null)
                reader.ExpectOperator(",");
            Expression? start = reader.Current.IsOperator(":") ? null : Parse();
            if (reader.Current.IsOperator(":"))
            {
                if (keys.Count > 0 || slice is not null)
                    reader.Fail("only one slice is possible");
                slice = reader.Bounded(new SliceExpression(owner, SliceBounds(start)) { Line = line });
            }
            else
            {
                keys.Add(start!);
            }
        }

        reader.Next();
        if (slice is not null)
            return keys.Count == 0 ? slice : throw TemplateException.Type("indices must be integers, not tuples");
        Expression key = keys.Count == 1 ? keys[0] : new TupleExpression([.. keys]) { Line = line };
        return reader.Bounded(new ItemExpression(owner, key) { Line = line });
    }

    private Expression?[] SliceBounds(Expression? start)
    {
        var bounds = new Expression?[3];
        bounds[0] = start;
        for (int i = 1; i < 3 && reader.SkipOperator(":"); i++)
        {
            Token token = reader.Current;
            if (!token.IsOperator(":") && !token.IsOperator("]") && !token.IsOperator(","))
                bounds[i] = Parse();
        }

        return bounds;
    }

    private string DottedName()
    {
        string name = reader.Expect(TokenKind.Name).Text;
        while (reader.SkipOperator("."))
            name += "." + reader.Expect(TokenKind.Name).Text;
        return name;
    }

    private static Expression NameOrConstant(Token token) => token.Text switch
    {
        "true" or "True" => new ConstantExpression(BooleanValue.True) { Line = token.Line },
        "false" or "False" => new ConstantExpression(BooleanValue.False) { Line = token.Line },
        "none" or "None" => new ConstantExpression(NoneValue.Instance) { Line = token.Line },
        _ => new NameExpression(token.Text) { Line = token.Line },
    };

    private ConstantExpression TextLiteral()
    {
        Token token = reader.Next();
        string text = token.Text;
        while (reader.Current.Kind == TokenKind.Text)
            text += reader.Next().Text;
        return new ConstantExpression(new StringValue(text)) { Line = token.Line };
    }

    private ListExpression ListLiteral()
    {
        int line = reader.Next().Line;
        var items = new List<Expression>();
        while (!reader.Current.IsOperator("]"))
        {
            if (items.Count > 0)
                reader.ExpectOperator(",");
            if (reader.Current.IsOperator("]"))
                break;
            items.Add(Parse());
        }

        reader.ExpectOperator("]");
        return reader.Bounded(new ListExpression([.. items]) { Line = line });
    }

    private DictionaryExpression DictionaryLiteral()
    {
        int line = reader.Next().Line;
        var keys = new List<Expression>();
        var values = new List<Expression>();
        while (!reader.Current.IsOperator("}"))
        {
            if (keys.Count > 0)
                reader.ExpectOperator(",");
            if (reader.Current.IsOperator("}"))
                break;
            keys.Add(Parse());
            reader.ExpectOperator(":");
            values.Add(Parse());
        }

        reader.ExpectOperator("}");
        return reader.Bounded(new DictionaryExpression([.. keys], [.. values]) { Line = line });
    }
}
