using System.Diagnostics;
using System.Text.Json;
using FastMlx.Chat.Templates;
using Xunit;

namespace FastMlx.Tests.Chat.Templates;

/// <summary>Templates that want to burn time, memory or stack, or to reach out of the sandbox: a typed error, soon.</summary>
public sealed class HostileTemplateTests
{
    private static readonly JsonElement Variables = JsonDocument.Parse(
        """{"messages":[{"role":"user","content":"x"}],"s":"text","l":[1,2,3],"d":{"a":1},"big":99999999999999999999}""").RootElement;

    public static TheoryData<string> Sources => new(
    [
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}",
        "{{ range(100001)|list }}", "{{ range(10**18) }}", "{{ range(0, 10**18, 1)|length }}", "{{ 'a' * 10**9 }}", "{{ 10**9 * 'ab' }}",
        "{{ [0] * 10**9 }}", "{{ (1,) * 10**10 }}", "{{ 10 ** (10 ** 10) }}", "{{ 9**(9**9) }}", "{{ 2 ** 100000 }}", "{{ big ** 5000 }}",
        "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=2) %}{% for i in range(100) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
        "{{ '%1000000000d' % 1 }}", "{{ '%*d' % (1000000000, 1) }}", "{{ '%.999999999f' % 1.5 }}", "{{ '{:>1000000000}'.format('a') }}",
        "{{ '{:.999999999f}'.format(1.5) }}", "{{ s.center(10**9) }}", "{{ s.ljust(10**9) }}", "{{ s.zfill(10**9) }}", "{{ s|center(10**9) }}",
        "{{ s|indent(10**9) }}", "{{ ('\t' * 100000).expandtabs(10**6) }}", "{{ s.replace('', 'x' * 10**7) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro m() %}{{ caller() }}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{% call m() %}{% endcall %}",
        "{{ s.__class__.__mro__[1].__subclasses__() }}", "{{ ''.__class__ }}{{ ().__class__.__base__ }}", "{{ l.append(l) }}", "{{ d.update(d) }}",
        "{{ d.clear() }}",
        "{{ cycler.__init__.__globals__ }}", "{{ self.__init__() }}", "{{ lipsum.__globals__ }}", "{{ (1).__add__(2) }}",
        "{{ namespace.__init__ }}{{ namespace.mro() }}",
        "{% include '/etc/passwd' %}", "{% import 'os' as os %}{{ os.system('x') }}", "{% extends 'x' %}", "{% from 'os' import system %}",
        "{{ '{0.__class__.__init__.__globals__}'.format(s)[0] }}", "{{ s|attr('__class__')|attr('mro') }}{{ (s|attr('__class__'))() }}",
        "{{ lipsum(n=100000) }}", "{{ raise_exception('no') }}", "{{ [1,2,3]|batch(10**9, 'x')|list }}", "{{ [1]|slice(10**9)|list }}",

        "{% set ns = namespace(x='a') %}{% for i in range(100000) %}{% set ns.x = ns.x ~ ('a' * 66) %}{% endfor %}",
    ]);

    [Theory]
    [MemberData(nameof(Sources))]
    public void HostileTemplate_IsATypedError(string source)
    {
        var watch = Stopwatch.StartNew();
        Assert.Throws<TemplateException>(() =>
        {
            string text = ChatTemplate.Compile(source).Render(Variables, FixedClock.Instance).Text;
            // Attributes with two underscores are empty until they are used.
            if (text.Length == 0)
                throw new TemplateException(TemplateErrorKind.Security, "nothing came out");
        });
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"{watch.Elapsed}");
    }

    [Theory]
    [InlineData("(", 100_000)]
    [InlineData("[", 100_000)]
    [InlineData("{'a':", 10_000)]
    [InlineData("not ", 100_000)]
    [InlineData("-", 100_000)]
    [InlineData("1 if 1 else ", 100_000)]
    [InlineData("1 + ", 100_000)]
    [InlineData("1 ~ ", 100_000)]
    [InlineData("1 ** ", 100_000)]
    [InlineData("s[", 100_000)]
    [InlineData("s|d(", 100_000)]
    [InlineData("x.", 100_000)]
    public void DeepExpression_IsATypedErrorOrFine(string piece, int times)
    {
        string deep = string.Concat(Enumerable.Repeat(piece, times));
        foreach (string source in (string[])["{{ " + deep + "1 }}", "{{ " + deep, "{% if " + deep + "1 %}{% endif %}"])
        {
            try
            {
                ChatTemplate.Compile(source).Render(Variables, FixedClock.Instance);
            }
            catch (TemplateException)
            {
            }
        }
    }

    [Theory]
    [InlineData("{% if 1 %}", "{% endif %}")]
    [InlineData("{% for x in [1] %}", "{% endfor %}")]
    [InlineData("{% macro m() %}", "{% endmacro %}")]
    [InlineData("{% set x %}", "{% endset %}")]
    [InlineData("{% filter upper %}", "{% endfilter %}")]
    public void DeepBlocks_AreRefused(string open, string close)
    {
        string source = string.Concat(Enumerable.Repeat(open, 20_000)) + string.Concat(Enumerable.Repeat(close, 20_000));
        var e = Assert.Throws<TemplateException>(() => ChatTemplate.Compile(source));
        Assert.Equal(TemplateErrorKind.Limit, e.Kind);
    }

    [Fact]
    public void LongAttributeAndFilterChains_DoNotOverflow()
    {
        foreach (string piece in (string[])["|upper", ".upper()", "[0]", "|d(1)", " and 1", " or 0", " + 'a'", " ~ 1", " < 2", " if 1"])
        {
            string source = "{{ 'a'" + string.Concat(Enumerable.Repeat(piece, 50_000)) + " }}";
            try
            {
                ChatTemplate.Compile(source).Render(Variables, FixedClock.Instance);
            }
            catch (TemplateException)
            {
            }
        }
    }

    [Fact]
    public void DataThatContainsItself_IsATypedError()
    {
        foreach (string use in (string[])["{{ l }}", "{{ l|tojson }}", "{{ l|string|length }}"])
        {
            ChatTemplate template = ChatTemplate.Compile("{% set _ = l.append(l) %}" + use, TemplateDialect.Extended);
            Assert.Throws<TemplateException>(() => template.Render(Variables, FixedClock.Instance));
        }
    }
}
