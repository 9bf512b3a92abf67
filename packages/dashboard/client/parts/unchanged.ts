import { Component, type ComponentChildren } from 'preact';

interface UnchangedProps {
  /** What the children are drawn from. */
  readonly by: readonly unknown[];
  readonly children: () => ComponentChildren;
}

/**
 * Draws its children again only when one of `by` is another. Not by keeping elements in `useMemo`: a kept element holds
 * on to the tree it was first part of, and that tree to the ones before it, for as long as the page is open.
 */
export class Unchanged extends Component<UnchangedProps> {
  override shouldComponentUpdate({ by }: UnchangedProps): boolean {
    return by.some((value, index) => !Object.is(value, this.props.by[index]));
  }

  override render({ children }: UnchangedProps): ComponentChildren {
    return children();
  }
}
