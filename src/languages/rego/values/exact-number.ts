/** A number whose text is not what JavaScript makes of it: `1.50`, `1e+06`, an integer beyond 2^53. */
export class ExactNumber {
  readonly text: string;
  readonly float: number;
  constructor(text: string) {
    this.text = text;
    this.float = Number(text);
  }
}
