// What a small language model of one's own text is good for, a recipe each: flag odd lines, filter a corpus, choose among candidates,
// classify. All use one model of made-up service logs, which the first recipe trains in under a minute.

using Recipes;

var recipes = new Dictionary<string, Action<string>>
{
    ["anomalies"] = Anomalies.Run,
    ["filter"] = QualityFilter.Run,
    ["rerank"] = Reranking.Run,
    ["classify"] = Classifier.Run,
};
string[] unknown = [.. args.Where(name => !recipes.ContainsKey(name))];
if (unknown.Length > 0)
{
    Console.Error.WriteLine($"There is no recipe `{unknown[0]}`. "
        + $"usage: dotnet run -c Release --project samples/Recipes [-- {string.Join(" | ", recipes.Keys)}]");
    return 2;
}
string model = LogModel.Path();
foreach ((string name, Action<string> run) in recipes.Where(recipe => args.Length == 0 || args.Contains(recipe.Key)))
{
    Console.WriteLine($"== {name}");
    run(model);
    Console.WriteLine();
}
return 0;
