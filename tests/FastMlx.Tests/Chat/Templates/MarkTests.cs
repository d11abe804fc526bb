using System.Text.Json;
using FastMlx.Chat.Templates;
using Xunit;

namespace FastMlx.Tests.Chat.Templates;

/// <summary>Characters of the request stay known as such through whatever a template does with them.</summary>
public sealed class MarkTests
{
    private static readonly JsonElement Variables = JsonDocument.Parse(
        """
        {"messages":[{"role":"user","content":" <U1> "},{"role":"user","content":"<U2>é\n\"q\""}],
         "tools":[{"name":"<T>","n":5}],"bos_token":"<s>"}
        """).RootElement;

    [Theory]
    [InlineData("<a>{{ messages[0].content }}<b>", "16: <U1> ")]
    [InlineData("{{ messages[0].content|trim }}", "16:<U1>")]
    [InlineData("{{ '<a>' + messages[0].content.strip() + '<b>' }}", "16:<U1>")]
    [InlineData("{{ '<a>' ~ messages[0].content[1:3] ~ '<b>' }}", "16:<U")]
    [InlineData("{{ messages[0].content.replace('U', '<t>') }}", "16: <|16:1> ")]
    [InlineData("{{ 'abXc'.replace('X', messages[0].content|trim) }}", "16:<U1>")]
    [InlineData("{{ messages[1].content|tojson }}", "17:<U2>é\\n\\\"q\\\"")]
    [InlineData("{{ tools|tojson }}", "1:name|1:<T>|1:n")]
    [InlineData("{{ tools }}", "1:name|1:<T>|1:n")]
    [InlineData("{{ messages|map(attribute='content')|join('<sep>') }}", "16: <U1> |17:<U2>é\n\"q\"")]
    [InlineData("{{ '%s<x>%s' % (messages[0].content|trim, 'own') }}", "16:<U1>")]
    [InlineData("{{ '{}<x>{:>6}'.format('own', messages[0].content|trim) }}", "16:<U1>")]
    [InlineData("{% macro m(t) %}<m>{{ t|trim }}{% endmacro %}{{ m(messages[0].content) ~ '!' }}", "16:<U1>")]
    [InlineData("{% set x %}<m>{{ messages[0].content|trim }}{% endset %}{{ x|upper }}", "16:<U1>")]
    [InlineData("{{ messages[0].content.split('1')[1] }}", "16:> ")]
    [InlineData("{{ (messages[0].content * 2)|trim }}", "16:<U1>  <U1>")]
    [InlineData("{{ messages[1].content[::-1] }}", "17:\"q\"\né>2U<")]
    [InlineData("{{ messages[0].content|list|join('-') }}", "16: |16:<|16:U|16:1|16:>|16: ")]
    [InlineData("{{ 'a\n' ~ messages[1].content | indent(2) }}", "17:<U2>é|17:\"q\"")]
    [InlineData("{{ bos_token }}{{ messages[0].role }}", "16:user")]
    [InlineData("{{ messages[0].content|upper|lower|title|capitalize|trim }}", "16:<u1>")]
    [InlineData("{{ messages[0].content|trim|e }}", "16:&lt;U1&gt;")]
    [InlineData("{{ [messages[0].content|trim] }}", "16:<U1>")]
    [InlineData("{% for c in messages[0].content|trim %}{{ c }}{% endfor %}", "16:<U1>")]
    public void Marks_FollowTheCharacters(string source, string expected)
    {
        RenderedText text = ChatTemplate.Compile(source).Render(Variables, FixedClock.Instance);
        Assert.Equal(expected, string.Join('|', text.Marked.Select(s => $"{s.Origin}:{text.Text.Substring(s.Start, s.Length)}")));
    }

    [Fact]
    public void OneTemplate_RendersOnManyThreadsAtOnce()
    {
        ChatTemplate template = ChatTemplate.Compile(
            "{% set ns = namespace(n=0) %}{% for i in range(50) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{{ messages[0].content }}");
        Parallel.For(0, 500, _ => Assert.Equal("1225 <U1> ", template.Render(Variables, FixedClock.Instance).Text));
    }
}
