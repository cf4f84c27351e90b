/** How well words fit what was typed, from 0 (not at all) to 1; the earlier words weigh more. */
export function fit(query: string, texts: readonly string[]): number {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  const scores = wanted.map((word) => Math.max(0, ...texts.map((text, place) => wordFit(word, text, place))));
  return scores.length === 0 ? 1 : Math.min(...scores);
}

function wordFit(word: string, text: string, place: number): number {
  const lower = text.toLowerCase();
  const weight = 1 / (1 + place);
  if (lower.startsWith(word)) return weight;
  if (lower.split(/[^\p{L}\p{N}]+/u).some((part) => part.startsWith(word))) return 0.8 * weight;
  return lower.includes(word) ? 0.3 * weight : 0;
}
