namespace FastMlx.Chat.Templates;

/// <summary>The table of filters: jinja2's own and transformers' tojson.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Filter> Table = MakeTable();

    public static Filter? Find(string name, TemplateDialect dialect)
    {
        if (name == "from_json" && dialect != TemplateDialect.Extended)
            return null;
        return Table.GetValueOrDefault(name);
    }

    private static Dictionary<string, Filter> MakeTable()
    {
        var table = new Dictionary<string, Filter>();
        IEnumerable<Filter> all =
            [.. TextFilters.All, .. SequenceFilters.All, .. SelectionFilters.All, .. ValueFilters.All];
        foreach (Filter filter in all)
            table.Add(filter.Name, filter);
        table.Add("d", table["default"]);
        table.Add("count", table["length"]);
        table.Add("e", table["escape"]);
        return table;
    }
}
