/** Of the package; `describe` answers it. */
export const brokerVersion = '0.1.0';
