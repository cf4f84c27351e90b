import { en } from "@/i18n/en";

/**
 * A typed catalogue instead of an i18n library: a missing key or parameter fails the type check,
 * plurals follow `Intl`, and it costs half a kilobyte where i18next costs eighteen. A second
 * language is a second object of the same type, chosen once at start.
 */

type Catalogue = typeof en;
export type TextKey = keyof Catalogue;
type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type TextOf<Key extends TextKey> = Catalogue[Key] extends { other: infer Other } ? Other : Catalogue[Key];
type Values<Key extends TextKey> =
  Names<TextOf<Key>> extends never ? [] : [values: Record<Names<TextOf<Key>>, string | number>];

export const LOCALE = "en";
const plurals = new Intl.PluralRules(LOCALE);
const numbers = new Intl.NumberFormat(LOCALE);

/** The text for a key, with its parameters filled in; `count` picks the plural form. */
export function t<Key extends TextKey>(key: Key, ...[values]: Values<Key>): string {
  const entry: string | { one: string; other: string } = en[key];
  const given = (values ?? {}) as Record<string, string | number>;
  const text = typeof entry === "string" ? entry : pick(entry, Number(given.count));
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = given[name] ?? "";
    return typeof value === "number" ? numbers.format(value) : value;
  });
}

function pick(entry: { one: string; other: string }, count: number): string {
  return plurals.select(count) === "one" ? entry.one : entry.other;
}

/** The text for a word of the server's, or the word itself where a newer server has one more. */
export function wordOr(group: string, word: string): string {
  const entry = (en as Record<string, unknown>)[`${group}.${word}`];
  return typeof entry === "string" ? entry : word.replaceAll("_", " ");
}
