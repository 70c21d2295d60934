/**
 * Where a sentence of ours looks like a secret under its name: a plain word, with more words behind it, after `password: ` or `--token `.
 * What is a value there (a digit, a sign, one word alone) is left to the masker.
 */
const BEFORE_WORDS = /(?<=\w: |(?<![\w-])--[a-z][a-z-]* )(?=[A-Za-z]+[\s']\s*\S)/

/**
 * Masks a sentence of ours, such as the detail of a {@link ParapetError}: `password: takes up to 72 bytes` tells what a field takes, and is
 * no password. Everything that looks like a secret by itself is hidden as ever. Text of others goes to the masker as it is.
 */
export const maskSentence = (sentence: string, mask: (text: string) => string): string => sentence.split(BEFORE_WORDS).map(mask).join('')
