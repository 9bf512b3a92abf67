import { useId } from 'preact/hooks';

interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly list?: readonly string[];
}

/** A search field whose label is its placeholder too. */
export function Search({ label, value, onValue, list }: SearchProps) {
  const id = useId();
  return (
    <>
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        list={list && id}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {list && (
        <datalist id={id}>
          {list.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </datalist>
      )}
    </>
  );
}

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly options: readonly (readonly [value: string, text: string])[];
}

export function Select({ label, value, onValue, options }: SelectProps) {
  return (
    <select aria-label={label} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
      {options.map(([each, text]) => (
        <option key={each} value={each} selected={each === value}>
          {text}
        </option>
      ))}
    </select>
  );
}
