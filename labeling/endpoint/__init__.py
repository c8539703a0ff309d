"""Questions to a model behind an OpenAI-compatible endpoint, as fast as it allows and for no more than is wanted.

    async with Endpoint(Address(base_url, model), flight=Flight(32), budget=Budget(5.0), prices=Prices(find_price(model))) as endpoint:
        endpoint.dialect = (await probe(endpoint)).dialect
        asker = Remembering(endpoint, ledger, identity=endpoint.identity)
        answer = await asker.ask(question)

`chat` holds `Address` and `Endpoint`, which asks, retries (`retrying`), keeps to the endpoint's capacity (`flight`) and to the budget
(`budget`, `prices`). `request` writes a question in the endpoint's `Dialect`, `reply` and `failing` read what comes back. `probe`
finds out what the endpoint can do, `remembering` pays for no answer twice and replays, `batch` takes the way of offline batches
(`shards`, `noting`, `batches`).
Nothing here raises for an answer that is missing or odd; a wrong key or model is found by the probe. All of it lives in one event loop.
"""
