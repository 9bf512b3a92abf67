const PATHS = {
  check: 'M3 8.500l3.200 3.200L13 4.800',
  cross: 'M4 4l8 8M12 4l-8 8',
  alert: 'M8 2.200 14.500 13.500h-13zM8 6.500v3.300M8 11.600v.1',
  pause: 'M5.500 3.500v9M10.500 3.500v9',
  play: 'M5 3.200 12.500 8 5 12.800z',
  retry: 'M13 8a5 5 0 1 1-1.600-3.700M13 2.200v3h-3',
  stop: 'M4 4h8v8H4z',
  up: 'M3.500 10 8 5.500l4.500 4.500',
  down: 'M3.500 6 8 10.500 12.500 6',
  right: 'M6 3.500 10.500 8 6 12.500',
  out: 'M9 3H4v10h5M7.500 8H14M11.500 5.500 14 8l-2.500 2.500',
  outside: 'M6 4H3.500v8.500H12V10M9 3.500h3.500V7M12.200 3.800 7.500 8.500',
  light:
    'M8 5.200a2.800 2.800 0 1 1 0 5.600 2.800 2.800 0 0 1 0-5.600M8 1.200v1.600M8 13.200v1.600M1.200 8h1.600M13.200 8h1.600M3.200 3.200l1.100 1.100M11.700 11.700l1.100 1.100M12.800 3.200l-1.100 1.100M4.300 11.700l-1.100 1.100',
  dark: 'M13.300 9.800A5.800 5.800 0 0 1 6.200 2.700a5.800 5.800 0 1 0 7.100 7.100z',
  system: 'M2 3h12v8.500H2zM5.500 14h5',
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: what it means stands beside it, or in the label of its button. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
